/* news.h: one wait for all of many registries that are followed: which of them has news.
 *
 * One notifier hears the files of all. Each is asked shortly after it was written to, and now and
 * then without, where nothing is notified. */
#ifndef SIEM_NEWS_H
#define SIEM_NEWS_H

#include <oversight/siem.h>

typedef struct siem_news siem_news;

/* Errors: SIEM_NO_MEMORY. */
siem_code siem_news_open(siem_news **out, siem_error *err);

/* Adds a registry that is followed: it is borrowed until it is removed, and nobody else waits for
 * it. What was committed before it was read counts as news as well. Errors: SIEM_NO_MEMORY. */
siem_code siem_news_add(siem_news *news, siem_registry *registry, siem_error *err);

/* NULL, and one that is not there, are allowed. */
void siem_news_remove(siem_news *news, const siem_registry *registry);

/* Waits until a registry has news, for at most so long. Returns it, or NULL. News is also what only
 * the next read can report: that the connection failed, or the file was replaced. Those that have
 * some come in turn. */
siem_registry *siem_news_wait(siem_news *news, int milliseconds);

/* NULL is allowed. */
void siem_news_close(siem_news *news);

#endif
