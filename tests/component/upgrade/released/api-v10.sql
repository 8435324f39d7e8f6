-- Version 10, from version 9.
-- A list of devices in the order of their names, and of their systems, reads no more than its page. The expression is that of the list
-- (admin/data/devices.h): what an administrator has set, else what the device reports.
CREATE INDEX device_by_name ON device ((CASE WHEN name_override <> '' THEN name_override ELSE hostname END), id);
CREATE INDEX device_by_os ON device (os, id);
INSERT INTO device (guid, id, uuid, hostname, name_override, os, search, registered_at, created_at, updated_at) VALUES ('10000000-0000-4000-8000-000000000011', '323456789', 'bTM=', 'till-3', 'Front desk', 'Windows 11 Pro', '323456789 front desk', 1790000000000, 1790000000000, 1790000000000);
