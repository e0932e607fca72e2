/* registry.h: what the query room needs of a registry. */
#ifndef SIEM_REGISTRY_H
#define SIEM_REGISTRY_H

#include "database.h"

const siem_database *siem_registry_database(const siem_registry *registry);

#endif
