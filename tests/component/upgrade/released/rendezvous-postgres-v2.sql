-- Version 2, from version 1.
SET search_path TO hawser;
UPDATE version SET step = 2;
-- 1 = the device proved with its key who it is: nothing else moves it any more.
ALTER TABLE peer ADD COLUMN proves bigint NOT NULL DEFAULT 0;
UPDATE peer SET proves = 1 WHERE id = '223456789';
