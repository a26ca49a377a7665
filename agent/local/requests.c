#include "agent/local/requests.h"

#include "agent/inspect/serve.h"
#include "agent/local/log_intake.h"
#include "agent/local/question_request.h"
#include "agent/local/status_report.h"
#include "agent/local/write_request.h"

#include <stdlib.h>
#include <string.h>

/** Send a JSON text from malloc(); NULL, for no memory, is no answer at all. */
static void send_text(struct local_peer *peer, char *text)
{
    if (text != NULL) {
        (void)local_peer_send(peer, text, strlen(text)); /* a peer that left needs none */
    }
    free(text);
}

static void serve_status(struct shared *shared, const char *arguments, struct local_peer *peer)
{
    char *text;

    (void)arguments;
    (void)pthread_mutex_lock(&shared->lock);
    text = status_report_json(&(const struct status_source){
        shared->config->site, shared->config->gateway, shared->store, shared->board, shared->clock,
        shared->started_ns, atomic_load(&shared->clock_watch->since_ns), shared->queue_error,
        shared->config->queue.path, &shared->upkeep.wear, &shared->config->queue.card, "/sys"});
    (void)pthread_mutex_unlock(&shared->lock);
    send_text(peer, text);
}

static void serve_upload(struct shared *shared, const char *arguments, struct local_peer *peer)
{
    const char *text = "{\"asked\":true}";

    (void)arguments;
    (void)pthread_mutex_lock(&shared->lock);
    if (shared->uplink != NULL) {
        uplink_flush(shared->uplink);
    } else {
        text = shared->config->sync.target == NULL
                   ? "{\"error\":\"no target is configured\"}"
                   : "{\"error\":\"a changed configuration is being applied, or the uplink could "
                     "not start; ask again in a minute\"}";
    }
    (void)pthread_mutex_unlock(&shared->lock);
    send_text(peer, strdup(text));
}

static void serve_log(struct shared *shared, const char *arguments, struct local_peer *peer)
{
    log_intake_serve(shared->store, shared->clock, arguments, peer);
}

static void serve_queue(struct shared *shared, const char *arguments, struct local_peer *peer)
{
    char *texts[3];
    const struct config *config;
    struct inspect_source source = {.store = shared->store, .clock = shared->clock};

    (void)pthread_mutex_lock(&shared->lock); /* a reload frees these texts */
    config = shared->config;
    source.path = texts[0] = strdup(config->queue.path);
    source.site = texts[1] = strdup(config->site);
    source.gateway = texts[2] = strdup(config->gateway);
    (void)pthread_mutex_unlock(&shared->lock);
    if (source.path != NULL && source.site != NULL && source.gateway != NULL) {
        inspect_serve(&source, arguments, &shared->exporting, peer);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        free(texts[i]);
    }
}

static void serve_write(struct shared *shared, const char *arguments, struct local_peer *peer)
{
    struct write_source source = {shared->store, shared->errands, shared->clock, false};

    (void)pthread_mutex_lock(&shared->lock);
    source.enabled = shared->config->writes_enabled;
    (void)pthread_mutex_unlock(&shared->lock);
    write_request_serve(&source, arguments, peer);
}

static void serve_identify(struct shared *shared, const char *arguments, struct local_peer *peer)
{
    question_request_serve(&identify_question, shared->errands, shared->clock, arguments, peer);
}

static void serve_read(struct shared *shared, const char *arguments, struct local_peer *peer)
{
    question_request_serve(&read_question, shared->errands, shared->clock, arguments, peer);
}

void requests_serve(void *context, const char *request, struct local_peer *peer)
{
    static const struct {
        const char *word;
        void (*serve)(struct shared *shared, const char *arguments, struct local_peer *peer);
    } requests[] = {{"status", serve_status}, {"upload", serve_upload},
                    {"log", serve_log},       {"queue", serve_queue},
                    {"write", serve_write},   {"identify", serve_identify},
                    {"read", serve_read}};
    size_t length = strcspn(request, " ");
    const char *arguments = request[length] == ' ' ? request + length + 1 : request + length;

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strlen(requests[i].word) == length && memcmp(requests[i].word, request, length) == 0) {
            requests[i].serve(context, arguments, peer);
            return;
        }
    }
    send_text(peer, strdup("{\"error\":\"unknown request; known are status, upload, log, queue, "
                           "write, identify and read\"}"));
}
