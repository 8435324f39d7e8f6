/* admin/sql/schema: the numbered steps of schema/NNN_NAME.sql, embedded by the build. The same text
 * runs on both engines. A step that was released is never changed; a new one is added. */
#pragma once
#include "server-rendezvous/store/schema.h"

extern const struct rdv_schema rdv_schema_api;
