/* admin/data/devices_row: how a device is read. Private to admin/data. */
#pragma once
#include "admin/data/devices.h"

#define DAT_DEVICE_COLUMNS                                                                         \
	"SELECT d.guid, d.id, d.uuid, d.status, d.owner_guid, o.name, d.device_group_guid, "       \
	"g.name, d.note, CASE WHEN d.name_override <> '' THEN d.name_override ELSE d.hostname "    \
	"END, CASE WHEN d.user_override <> '' THEN d.user_override ELSE d.sys_username END, "      \
	"d.os, d.cpu, d.memory, d.version, d.last_ip, d.last_online, d.registered_at, "            \
	"d.sysinfo_at FROM device d LEFT JOIN account o ON o.guid = d.owner_guid "                 \
	"LEFT JOIN device_group g ON g.guid = d.device_group_guid "

/* Into a struct dat_device. */
int dat_device_row(const struct sql_row *row, void *arg);
