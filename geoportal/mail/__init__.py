"""Letters by e-mail: queued in the transaction of their cause, sent by the worker, never lost.

    waiting ──► sent        what it said, and to whom, is deleted in the same moment
       └──────► failed      the server will not take it, or not after twelve tries; an operator looks at it

A letter is leased while it is sent. A worker that dies with a lease leaves a letter that another takes up when the
lease ends. Whether the server had it by then cannot be known: between its "250" and our mark there is no transaction.
So a letter may come twice when a worker is killed in that moment, both with the same Message-ID and the same Date, by
which servers and mail programs know a double. It never comes zero times.
"""

from geoportal.mail.queue import Letter, Standing, put
from geoportal.mail.sending import Postman, ServerAway

__all__ = ["Letter", "Postman", "ServerAway", "Standing", "put"]
