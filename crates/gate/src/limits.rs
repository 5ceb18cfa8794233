//! How much of everything there may be at one time, and how long anything may take.
#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "some are of what only Linux has"))]

use std::time::Duration;

/// Reports that wait for the supervisor.
pub(crate) const REPORTS_WAITING_MAX: usize = 1024;
/// Orders that wait for the gate.
pub(crate) const ORDERS_WAITING_MAX: usize = 64;
/// Bytes of one text of a report that comes from inside.
pub(crate) const TEXT_BYTES_MAX: usize = 1024;

/// Names that get an address of the pool.
pub(crate) const POOL_NAMES_MAX: usize = 16 << 10;
/// Bytes of one question to the gate's DNS.
pub(crate) const DNS_BYTES_MAX: usize = 4096;
/// Connections to the gate's DNS.
pub(crate) const DNS_TCP_CONNECTIONS_MAX: usize = 64;
/// How long one of them may be silent.
pub(crate) const DNS_TCP_IDLE: Duration = Duration::from_secs(10);

/// How long the last connections of a run may take to be told of.
pub(crate) const LAST_REPORTS_TIME: Duration = Duration::from_secs(2);

/// Connections from inside, whatever they wait for. Each takes at least two descriptors.
pub(crate) const CONNECTIONS_MAX: usize = 4096;
/// Bytes of a client that are read before it is known what it speaks: the largest client hellos have a few thousand.
pub(crate) const OPENING_BYTES_MAX: usize = 32 << 10;
/// How long a client that has begun to say what it speaks may take to say it.
pub(crate) const OPENING_TIME: Duration = Duration::from_secs(10);
/// How long neither side may say anything at first.
pub(crate) const SILENCE_AT_FIRST: Duration = Duration::from_secs(300);
/// How long a client that is to be refused may take until it is known in which language.
pub(crate) const REFUSAL_TIME: Duration = Duration::from_secs(2);
/// How long text that could still become a request of HTTP is held back where HTTP need not be spoken.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// Questions to the user that are open.
pub(crate) const QUESTIONS_OPEN_MAX: usize = 64;
/// How long the user may take to answer.
pub const QUESTION_TIME: Duration = Duration::from_secs(60);
/// How long a no counts for the next attempt, which is often the same program's.
pub(crate) const DENIAL_LASTS: Duration = Duration::from_secs(30);

/// How long the look-up of a name may take.
pub(crate) const RESOLVE_TIME: Duration = Duration::from_secs(10);
/// Look-ups at one time: each is a thread.
pub(crate) const RESOLVING_MAX: usize = 32;
/// Addresses of a name that are tried.
pub(crate) const ADDRESSES_MAX: usize = 8;
/// How long an address is tried alone before the next one is as well (RFC 8305, section 5).
pub(crate) const HEAD_START: Duration = Duration::from_millis(250);
/// How long the sandbox may take to make a socket.
pub(crate) const DIALLER_TIME: Duration = Duration::from_secs(2);
/// How long all addresses together may take.
pub(crate) const DIAL_TIME: Duration = Duration::from_secs(20);
/// Bytes of the head that a proxy upstream answers with.
pub(crate) const UPSTREAM_HEAD_BYTES_MAX: usize = 8 << 10;

/// Hosts that budgets are kept for.
pub(crate) const HOSTS_COUNTED_MAX: usize = 32 << 10;

/// How long one side may be silent after the other has said all.
pub(crate) const HALF_CLOSED_SILENCE: Duration = Duration::from_secs(15 * 60);
/// How long a connection is silent before the peer is asked whether it is still there.
pub(crate) const KEEPALIVE_AFTER: Duration = Duration::from_secs(120);

/// How much is read of the body of a request that is refused, in bytes, and for how long.
pub(crate) const UNREAD_BYTES_MAX: usize = 64 << 10;
pub(crate) const UNREAD_TIME: Duration = Duration::from_millis(200);
/// Bytes that are copied at once where data is moved through this process.
pub(crate) const COPY_BYTES: usize = 64 << 10;
/// Bytes of a pipe through which data is moved past this process.
pub(crate) const PIPE_BYTES: usize = 1 << 20;
/// Pipes at one time: the kernel counts them against the user.
pub(crate) const PIPES_MAX: usize = 16;

/// How long the search for the process of a connection may hold back a report.
pub(crate) const ATTRIBUTION_TIME: Duration = Duration::from_millis(500);
/// The same for a question, to which the process belongs, and which waits for much longer anyway.
pub(crate) const QUESTION_ATTRIBUTION_TIME: Duration = Duration::from_secs(3);
/// Searches that wait.
pub(crate) const ATTRIBUTIONS_WAITING_MAX: usize = 4096;
/// Bytes of one table of connections.
pub(crate) const TABLE_BYTES_MAX: u64 = 8 << 20;
/// Descriptors of one process that are looked at.
pub(crate) const DESCRIPTORS_MAX: usize = 8192;

/// Connections that are looked into: each has buffers for two encryptions.
pub(crate) const INSPECTED_MAX: usize = 1024;
/// Certificates that are kept for hosts.
pub(crate) const CERTIFICATES_MAX: usize = 1024;
/// Bytes of a file with the host's certificates.
pub(crate) const ROOTS_BYTES_MAX: u64 = 16 << 20;
/// How long a handshake of TLS may take.
pub(crate) const HANDSHAKE_TIME: Duration = Duration::from_secs(20);

/// Bytes of the head of a request.
pub(crate) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Headers of a request.
pub(crate) const HEADERS_MAX: usize = 200;
/// How long a client may take for the head of a request, or be silent between two.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(75);
/// Requests at one time on one connection of HTTP/2.
pub(crate) const STREAMS_MAX: u32 = 100;
/// Connections to one host that wait for the next request of one client.
pub(crate) const IDLE_MAX: usize = 16;
/// How many bytes a client of HTTP/2 may send before it is told that they were taken.
pub(crate) const WINDOW_INSIDE_BYTES: u32 = 256 << 10;
/// The same for a server, which is further away.
pub(crate) const WINDOW_OUTSIDE_BYTES: u32 = 2 << 20;
/// Hosts that one connection to the proxy may make requests to.
pub(crate) const PROXY_HOSTS_MAX: usize = 32;

/// Values and placeholders of secrets: shorter ones would be found everywhere.
pub(crate) const SECRET_BYTES_MIN: usize = 8;
