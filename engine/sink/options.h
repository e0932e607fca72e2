/* options.h: reads the options of a sink, names and texts, into the struct of its kind. A kind
 * declares its options in a table, a row each, which is used for reading, checking and help. */
#ifndef SIEM_OPTIONS_H
#define SIEM_OPTIONS_H

#include <oversight/siem.h>

typedef struct siem_options {
    const siem_option *list;
    size_t count;
} siem_options;

/* Texts of an option that may come several times. */
typedef struct siem_texts {
    char **list;
    size_t count;
} siem_texts;

/* A row. The member that it sets is, by kind: TEXT and CHOICE a `char *`, owned; TEXTS a
 * `siem_texts`, owned; FLAG a bool; INTEGER an int64_t; BYTES a size_t; SECONDS a double. A SECRET
 * is set by siem_remote_open_secrets. */
typedef struct siem_option_spec {
    const char *name;   /* NULL ends a table */
    const char *value;  /* what its text means: "BYTES", "gzip|none" of a choice; with ''
                           among them, it may be empty; NULL for a flag */
    const char *help;   /* without its range and its default */
    const char *text;   /* the default of a text or a choice; NULL: none */
    double least, most; /* of a number, both allowed */
    double fallback;    /* without the option: a number; 0 is not shown */
    const struct siem_secret_form *form; /* of a secret */
    siem_option_kind kind;               /* SIEM_OPTION_TEXT by default */
    bool required;
    bool secret; /* of a text: it may hold a credential, too */
    size_t at;   /* where the member is in the struct of the kind */
} siem_option_spec;

/* Sets the members of a kind's struct, which is zeroed, as its own and its shared table (NULL:
 * none) say. Errors: SIEM_INVALID with the option at fault, and never its value: it is unknown,
 * given twice, empty or missing, or its text does not fit; SIEM_NO_MEMORY. */
siem_code siem_options_read(void *into, const siem_option_spec *own, const siem_option_spec *shared,
                            const siem_options *options, siem_error *err);

/* Frees the texts that were set, and wipes those that may hold a credential. */
void siem_options_free(void *of, const siem_option_spec *table);

/* The last text that was given for a name, or NULL. */
const char *siem_options_text(const siem_options *options, const char *name);

/* What the public interface shows of a row. */
void siem_option_show(const siem_option_spec *spec, siem_sink_option *out);

#endif
