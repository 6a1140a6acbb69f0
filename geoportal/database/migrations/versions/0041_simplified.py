"""The kinds of the simplified procedure: BauGB § 13 Abs. 2 Satz 1 Nr. 2 and 3."""

from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.execute("""
        ALTER TABLE participation.beteiligung
            DROP CONSTRAINT beteiligung_art_check,
            ADD CONSTRAINT beteiligung_art_check CHECK (art IN (
                'fruehzeitig', 'veroeffentlichung', 'erneut', 'betroffene',
                'behoerden_fruehzeitig', 'behoerden', 'behoerden_erneut', 'behoerden_beruehrt'))""")
    # To hear whom the plan concerns is no Auslegung, and no file has a word for it; authorities are asked all the same.
    op.execute("""
        CREATE OR REPLACE FUNCTION participation.told_as(art text) RETURNS text
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE art WHEN 'erneut' THEN 'veroeffentlichung' WHEN 'behoerden_erneut' THEN 'behoerden'
                WHEN 'behoerden_beruehrt' THEN 'behoerden' ELSE art END
        $$""")
