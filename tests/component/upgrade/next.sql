-- A step that a later version might have: tables and columns are added, rows are gone through, nothing is taken away.
ALTER TABLE peer ADD COLUMN colour text NOT NULL DEFAULT '';
UPDATE peer SET colour = 'red';
CREATE INDEX peer_by_seen ON peer (seen_s);
CREATE TABLE palette (colour text PRIMARY KEY, added_s bigint NOT NULL DEFAULT 0);
INSERT INTO palette SELECT DISTINCT colour FROM peer;
