CREATE TABLE IF NOT EXISTS entitle_schema (
    version integer PRIMARY KEY
);
-- One row a tenant. Every append changes it, so its pages keep room for new versions of their rows.
CREATE TABLE IF NOT EXISTS entitle_head (
    tenant text COLLATE "C" PRIMARY KEY,
    revision bigint NOT NULL,
    begins_after bigint NOT NULL CHECK (begins_after >= 0),
    format integer NOT NULL,
    CHECK (revision >= begins_after)
) WITH (fillfactor = 30);
-- The body is the commit as JSON. It is text, because jsonb orders keys anew and refuses some characters.
CREATE TABLE IF NOT EXISTS entitle_commit (
    tenant text COLLATE "C" NOT NULL,
    revision bigint NOT NULL CHECK (revision > 0),
    at bigint NOT NULL,
    by text COLLATE "C" NOT NULL,
    append_id text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    checksum text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, revision)
);
CREATE TABLE IF NOT EXISTS entitle_snapshot (
    tenant text COLLATE "C" NOT NULL,
    revision bigint NOT NULL CHECK (revision >= 0),
    catalog text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (tenant, revision)
);
INSERT INTO entitle_schema (version) VALUES (1) ON CONFLICT (version) DO NOTHING;
