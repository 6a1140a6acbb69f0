-- What is known of each thematic layer beside its rows: how fresh they are, and why they are not fresher.
CREATE TABLE plans.layer_state (
    layer text PRIMARY KEY,
    rows bigint,                    -- public now; NULL before the first success
    signature text,                 -- of the source, the manifest and load.py that the rows were made of
    tried text,                     -- the signature at the last attempt, whatever came of it
    etag text,                      -- what a server said of the file that it delivered
    last_modified text,
    synced_at timestamptz,          -- the last success, whether or not it changed anything
    changed_at timestamptz,         -- the last success that did
    checked_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz,             -- when to look again; NULL: when a file changes
    failures integer NOT NULL DEFAULT 0,    -- in a row
    fault_kind text CHECK (fault_kind IN ('manifest', 'unreachable', 'unreadable', 'unexpected', 'database')),
    fault text,                     -- for the operator
    fault_since timestamptz,
    shown_on date,                  -- the day for which a layer that shows only what holds was last told as changed
    CHECK ((fault IS NULL) = (fault_kind IS NULL))
);

-- For everybody: that a layer is stale, since when and of what kind the reason is. The operator's words stay inside.
CREATE VIEW ogc.layer_state AS
SELECT layer, rows, synced_at, changed_at, fault_kind IS NOT NULL AS ist_veraltet, fault_kind, fault_since
FROM plans.layer_state;
GRANT SELECT ON ogc.layer_state TO geoportal_read;
