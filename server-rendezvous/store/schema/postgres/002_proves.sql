-- 1 = the device proved with its key who it is: nothing else moves it any more.
ALTER TABLE peer ADD COLUMN proves bigint NOT NULL DEFAULT 0;
