-- Version 9, from version 8.
-- What the ID server is to be told and has not taken yet. target: id of a device, address of a relay, or nothing; one order of each kind, the
-- latest. what: gate (block, unblock), entry (enrol, remove), relay (relay-drain, relay-resume), server (enrolled-on, enrolled-off). serial: of this order, chance.
CREATE TABLE order_due (
	target TEXT NOT NULL,
	what TEXT NOT NULL,
	cmd TEXT NOT NULL,
	uuid TEXT NOT NULL DEFAULT '',
	pk TEXT NOT NULL DEFAULT '',
	serial TEXT NOT NULL,
	tried_at BIGINT NOT NULL,
	PRIMARY KEY (target, what)
);
CREATE INDEX order_due_by_tried ON order_due (tried_at, target);
