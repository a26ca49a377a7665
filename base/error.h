/* base/error.h - the one way to fail.
 *
 * Every function that can fail returns an enum error_code and, as its last parameter, takes a
 * struct error that it fills with one plain sentence for the person who has to fix it. The code
 * is for the program, the sentence for the human, the class for the retry policy.
 *
 * Depends on: nothing.  Threads: a struct error belongs to its caller; all functions are pure.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_argument)                                                  \
    __attribute__((format(printf, format_index, first_argument)))

/** What the caller should do. Retry, back-off and quarantine are decided on the class alone. */
enum error_class {
    ERROR_CLASS_NONE,   /* not an error */
    ERROR_CLASS_RETRY,  /* may work later without anyone's help: back off, try again */
    ERROR_CLASS_CONFIG, /* a person must change something: report once, retry rarely */
    ERROR_CLASS_DATA,   /* this record or batch is bad: quarantine it, go on */
    ERROR_CLASS_FATAL,  /* a bug or a broken disk: stop the part that failed */
};

/* code, class, what it means to a person */
#define ERROR_TABLE(X)                                                                             \
    X(OK, NONE, "no error")                                                                        \
    X(TIMEOUT, RETRY, "the other side did not answer in time")                                     \
    X(UNREACHABLE, RETRY, "there is no connection to the other side")                              \
    X(PROTOCOL, RETRY, "the answer does not follow the protocol")                                  \
    X(NO_MEMORY, RETRY, "not enough memory")                                                       \
    X(NO_SPACE, RETRY, "no room left where the data should go")                                    \
    X(BAD_CONFIG, CONFIG, "the configuration cannot be used")                                      \
    X(REFUSED, CONFIG, "the other side refused our identity or our request")                       \
    X(BAD_DATA, DATA, "the data is not valid")                                                     \
    X(IO, FATAL, "reading or writing storage failed")                                              \
    X(BUG, FATAL, "the agent broke one of its own rules; please report this")

enum error_code {
#define X(code, class, message) ERROR_##code,
    ERROR_TABLE(X)
#undef X
};

struct error {
    enum error_code code;
    int system_errno; /* errno of the call that failed, 0 if it was not a system call */
    char text[256];   /* what failed, on what, and what to try; never unterminated */
};

const char *error_message(enum error_code code);
enum error_class error_class(enum error_code code);

/** Fill `error` (may be NULL) and return `code`, so that failing is one line. */
enum error_code error_set(struct error *error, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/** Put context in front of the sentence: "boiler-1: " + "unit 7 did not answer ...". */
enum error_code error_prefix(struct error *error, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

#ifdef __clang_analyzer__
/* It sees one file at a time: tell it that both give back what they are given. */
#define error_set(error, code, ...)    ((void)error_set(error, code, __VA_ARGS__), (code))
#define error_prefix(error, code, ...) ((void)error_prefix(error, code, __VA_ARGS__), (code))
#endif

#endif
