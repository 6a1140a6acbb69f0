"""Participation of the public in plans (BauGB § 3 Abs. 2): periods, statements, what the Gemeinde makes of them."""
