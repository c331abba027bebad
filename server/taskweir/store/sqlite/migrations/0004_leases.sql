-- The tag of a pull task, empty where it has none; NULL of push tasks, which are in no index more than before. It stands
-- behind the body, and is read from the index alone.
ALTER TABLE task ADD COLUMN tag TEXT;
CREATE INDEX task_by_tag ON task (generation, tag, schedule_time) WHERE tag IS NOT NULL;

-- Tasks that were leased as often as their queue allows: when the lease ends, the task does. Rows go with their tasks.
CREATE TABLE last_lease (
    task INTEGER PRIMARY KEY,
    queue_uid INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
);
CREATE INDEX last_lease_by_end ON last_lease (ends_at);
