"""The kind of the accelerated procedure: BauGB § 13a Abs. 3 Satz 1 Nr. 2."""

from alembic import op

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE participation.beteiligung
            DROP CONSTRAINT beteiligung_art_check,
            ADD CONSTRAINT beteiligung_art_check CHECK (art IN (
                'fruehzeitig', 'unterrichtung', 'veroeffentlichung', 'erneut', 'betroffene',
                'behoerden_fruehzeitig', 'behoerden', 'behoerden_erneut', 'behoerden_beruehrt'))""")
    # It is held where there is no early participation, and no file has another word: what a file tells of the same days
    # as early means this.
    op.execute("""
        CREATE OR REPLACE FUNCTION participation.told_as(art text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE art WHEN 'erneut' THEN 'veroeffentlichung' WHEN 'unterrichtung' THEN 'fruehzeitig'
                WHEN 'behoerden_erneut' THEN 'behoerden' WHEN 'behoerden_beruehrt' THEN 'behoerden' ELSE art END
        $$""")
