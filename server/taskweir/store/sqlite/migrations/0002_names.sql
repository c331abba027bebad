-- Tombstones are kept under a number: the queue's uid, until a purge that forgets names gives it another of the same
-- sequence. Those under the old number block nothing from then on, and are swept.

ALTER TABLE queue ADD COLUMN names INTEGER;
UPDATE queue SET names = uid;
ALTER TABLE task_tombstone RENAME COLUMN queue_uid TO names;
ALTER TABLE gone_queue RENAME COLUMN uid TO names;
ALTER TABLE gone_queue RENAME TO gone_names;
