-- A list of devices in the order of their names, and of their systems, reads no more than its page. The expression is that of the list
-- (admin/data/devices.h): what an administrator has set, else what the device reports.
CREATE INDEX device_by_name ON device ((CASE WHEN name_override <> '' THEN name_override ELSE hostname END), id);
CREATE INDEX device_by_os ON device (os, id);
