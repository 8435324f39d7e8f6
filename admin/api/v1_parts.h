/* api/v1_parts: what the files of api/v1 and its tests share. */
#pragma once
#include "admin/api/schema.h"
#include "admin/api/v1.h"

const struct adi_schema *adi_v1_schema(const struct adi_v1 *v);
