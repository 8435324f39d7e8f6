-- Version 8, from version 7.
-- closed: its owner or its group was removed. It has neither since, but is not open to all who are logged in, as what nobody ever had is.
ALTER TABLE device ADD COLUMN closed SMALLINT NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
UPDATE device SET closed = 1 WHERE id = '223456789';
