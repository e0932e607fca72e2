/* news.h: one wait for many registries that are followed: which of them has news. One notifier
 * watches the files of all. A registry is checked shortly after it was written to, and at intervals
 * where no notification comes. */
#ifndef SIEM_NEWS_H
#define SIEM_NEWS_H

#include <oversight/siem.h>

typedef struct siem_news siem_news;

/* Errors: SIEM_NO_MEMORY. */
siem_code siem_news_open(siem_news **out, siem_error *err);

/* Adds a registry that is followed. It is borrowed until it is removed, and no other code may wait
 * for it. Commits before it was read count as news as well. Errors: SIEM_NO_MEMORY. */
siem_code siem_news_add(siem_news *news, siem_registry *registry, siem_error *err);

/* NULL, and a registry that was not added, are allowed. */
void siem_news_remove(siem_news *news, const siem_registry *registry);

/* Waits until a registry has news, for at most this time. Returns it, or NULL. News is also a
 * failed connection or a replaced file, which the next read reports. Registries with news are
 * returned in turn. */
siem_registry *siem_news_wait(siem_news *news, int milliseconds);

/* NULL is allowed. */
void siem_news_close(siem_news *news);

#endif
