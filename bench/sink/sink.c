/* A target of tasks that costs next to nothing: it answers every request with 200 and notes when it came.

   `sink` listens on a free port of 127.0.0.1, says `ready http=HOST:PORT`, and runs until it is killed. What it notes of
   a request is the number its path ends with, and when its first byte was read by the monotonic and the real clock, in
   nanoseconds: three 64-bit integers in the machine's order. `GET /sink/count` tells how many there are, `GET /sink/take`
   gives them all and forgets them. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST_BUFFER 4096
#define EVENTS 512 /* of one look at the sockets */

struct arrival {
    int64_t number, monotonic, real;
};

struct connection {
    int fd;
    size_t held, room;
    struct arrival arrival;
    char *buffer;
};

static struct arrival *arrivals;
static size_t count, room;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void note(const struct arrival *arrival) {
    if (count == room) {
        room = room ? 2 * room : 65536;
        arrivals = realloc(arrivals, room * sizeof *arrivals);
        if (!arrivals) die("realloc");
    }
    arrivals[count++] = *arrival;
}

/* Answers are small but for what /sink/take gives, which its caller waits for. */
static void send_all(int fd, const char *data, size_t size) {
    while (size) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) return;
        if (sent > 0) data += sent, size -= (size_t)sent;
    }
}

static void answer(int fd, const char *body, size_t size) {
    char head[64];
    int length = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    send_all(fd, head, (size_t)length);
    send_all(fd, body, size);
}

static int64_t number_of(const char *path, const char *end) {
    const char *digits = end;
    while (digits > path && digits[-1] >= '0' && digits[-1] <= '9') digits--;
    int64_t number = digits == end ? -1 : 0;
    for (; digits < end; digits++) number = number * 10 + (*digits - '0');
    return number;
}

static void serve(struct connection *connection, const char *head) {
    const char *path = strchr(head, ' ');
    if (!path) return;
    path++;
    size_t length = strcspn(path, " ");
    if (length == 11 && !memcmp(path, "/sink/count", length)) {
        char text[32];
        answer(connection->fd, text, (size_t)snprintf(text, sizeof text, "%zu", count));
    } else if (length == 10 && !memcmp(path, "/sink/take", length)) {
        answer(connection->fd, (const char *)arrivals, count * sizeof *arrivals);
        count = 0;
    } else {
        static const char accepted[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        connection->arrival.number = number_of(path, path + length);
        note(&connection->arrival);
        send_all(connection->fd, accepted, sizeof accepted - 1);
    }
}

static size_t content_length(const char *head) {
    const char *line = strcasestr(head, "\r\ncontent-length:");
    return line ? strtoul(line + 17, NULL, 10) : 0;
}

/* The size of the first request in the buffer, 0 while it is not whole. */
static size_t whole(const struct connection *connection) {
    const char *end = strstr(connection->buffer, "\r\n\r\n");
    if (!end) return 0;
    size_t size = (size_t)(end - connection->buffer) + 4 + content_length(connection->buffer);
    return size <= connection->held ? size : 0;
}

static void drop(struct connection *connection) {
    close(connection->fd);
    free(connection->buffer);
    free(connection);
}

static void receive(struct connection *connection) {
    if (connection->held + 1 >= connection->room) {
        connection->room *= 2;
        connection->buffer = realloc(connection->buffer, connection->room);
        if (!connection->buffer) die("realloc");
    }
    ssize_t got = recv(connection->fd, connection->buffer + connection->held,
                       connection->room - connection->held - 1, 0);
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) {
        drop(connection);
        return;
    }
    if (!connection->held) {
        connection->arrival.monotonic = now(CLOCK_MONOTONIC);
        connection->arrival.real = now(CLOCK_REALTIME);
    }
    connection->held += (size_t)got;
    connection->buffer[connection->held] = 0;
    for (size_t size; (size = whole(connection));) {
        serve(connection, connection->buffer);
        connection->held -= size;
        memmove(connection->buffer, connection->buffer + size, connection->held + 1);
    }
}

static void accept_one(int listener, int poll) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return;
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) die("calloc");
    connection->fd = fd;
    connection->room = FIRST_BUFFER;
    connection->buffer = malloc(FIRST_BUFFER);
    if (!connection->buffer) die("malloc");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

static int listening(void) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 4096)) die("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &size)) die("getsockname");
    printf("ready http=127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = listening(), poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event)) die("epoll");
    for (;;) {
        int ready = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr)
                receive(events[i].data.ptr);
            else
                accept_one(listener, poll);
        }
    }
}
