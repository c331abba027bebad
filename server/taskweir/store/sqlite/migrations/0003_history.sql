-- What ended: attempts, and tasks with the reason. Ids are never used again, so that who has read up to one misses
-- nothing and sees nothing twice. A queue that is gone is still named here, so rows name it in full. `recorded_at` is
-- real time, by which rows grow old; the other times are those of a clock that tests move.

CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    queue TEXT NOT NULL,
    task TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    dispatch_time INTEGER NOT NULL,
    response_time INTEGER NOT NULL,
    ending INTEGER,
    retry_at INTEGER,
    recorded_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    body_start BLOB NOT NULL
);
-- By time and not by id alone: even real time is set back now and then.
CREATE INDEX attempt_by_age ON attempt (recorded_at);

CREATE TABLE finished_task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project TEXT NOT NULL,
    location TEXT NOT NULL,
    queue TEXT NOT NULL,
    task TEXT NOT NULL,
    ending INTEGER NOT NULL,
    finish_time INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    dispatch_count INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL
);
CREATE INDEX finished_task_by_age ON finished_task (recorded_at);

-- How the sweep is to record the tasks it removes: of which queue, why they went, those whose id is greater than
-- `recorded_to`, and at most `unrecorded` of them.
ALTER TABLE retired_generation ADD COLUMN project TEXT;
ALTER TABLE retired_generation ADD COLUMN location TEXT;
ALTER TABLE retired_generation ADD COLUMN queue TEXT;
ALTER TABLE retired_generation ADD COLUMN ending INTEGER;
ALTER TABLE retired_generation ADD COLUMN recorded_to TEXT NOT NULL DEFAULT '';
ALTER TABLE retired_generation ADD COLUMN unrecorded INTEGER NOT NULL DEFAULT 0;
