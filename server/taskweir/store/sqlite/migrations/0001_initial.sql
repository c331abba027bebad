-- Times are microseconds since the epoch. JSON is rows.py's. A generation is a number that every purge and every new
-- queue takes anew: tasks belong to one, and those of a generation that is no queue's any more are swept away later.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE queue (
    uid INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    settings TEXT NOT NULL,
    UNIQUE (project, location, id)
);

CREATE TABLE queue_tombstone (
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    id TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    PRIMARY KEY (project, location, id)
) WITHOUT ROWID;
CREATE INDEX queue_tombstone_by_age ON queue_tombstone (deleted_at);

-- The body is the last column: a row that is read without it does not touch the pages it overflows to.
CREATE TABLE task (
    uid INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    id TEXT NOT NULL,
    schedule_time INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    dispatch_deadline INTEGER,
    dispatch_count INTEGER NOT NULL,
    response_count INTEGER NOT NULL,
    execution_count INTEGER NOT NULL,
    first_dispatch_time INTEGER,
    last_attempt TEXT,
    retry_config TEXT,
    payload TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX task_by_id ON task (generation, id);
CREATE INDEX task_by_schedule ON task (generation, schedule_time);
CREATE INDEX task_by_age ON task (generation, create_time);

CREATE TABLE task_tombstone (
    queue_uid INTEGER NOT NULL,
    id TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ending INTEGER NOT NULL,
    PRIMARY KEY (queue_uid, id)
) WITHOUT ROWID;
CREATE INDEX task_tombstone_by_expiry ON task_tombstone (expires_at);

-- Tasks still to be swept. Until `blocked_until` their names are taken; NULL: they leave no tombstones.
CREATE TABLE retired_generation (
    generation INTEGER PRIMARY KEY,
    queue_uid INTEGER NOT NULL,
    retired_at INTEGER NOT NULL,
    blocked_until INTEGER
);

-- Queues whose tasks' tombstones are still to be swept.
CREATE TABLE gone_queue (
    uid INTEGER PRIMARY KEY
);

CREATE TABLE operation (
    uid INTEGER PRIMARY KEY,
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    id TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (project, location, id)
);
CREATE INDEX operation_by_expiry ON operation (expires_at);

CREATE TABLE policy (
    queue_uid INTEGER PRIMARY KEY,
    content TEXT NOT NULL
);

CREATE TABLE kms_key (
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (project, location)
) WITHOUT ROWID;
