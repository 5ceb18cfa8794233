//! The filter against the tables, in the interpreter; and against the real kernel, in a child process.

use std::collections::BTreeSet;

use libc::sock_filter;
use pinfold_plan::Seccomp;

use super::interpreter::{self, Call};
use super::program::{AARCH64, Architecture, NATIVE, X86_64, assemble, program};
use super::table::{AS_IN_LIBC, Changing, ENTRIES, NAMES, Naming, Outcome, Rule, Subject};
use super::{Verdict, judge, reasons, refused};

mod sys;

const CLOSED: Seccomp =
    Seccomp { nested_namespaces: false, internet_sockets: false, unix_sockets: false, system_v_ipc: false };
const OPEN: Seccomp =
    Seccomp { nested_namespaces: true, internet_sockets: true, unix_sockets: true, system_v_ipc: true };
/// What an ordinary run uses.
const USUAL: Seccomp = Seccomp { nested_namespaces: false, ..OPEN };

/// An answer of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Allow,
    Notify,
    Kill,
    Errno(i32),
}
use Answer::{Allow, Errno, Kill, Notify};

const EPERM: Answer = Errno(libc::EPERM);
const EACCES: Answer = Errno(libc::EACCES);
const ENOSYS: Answer = Errno(libc::ENOSYS);
const EAFNOSUPPORT: Answer = Errno(libc::EAFNOSUPPORT);
const EPROTONOSUPPORT: Answer = Errno(libc::EPROTONOSUPPORT);

/// A filter with the architecture it is for.
struct Filter {
    architecture: &'static Architecture,
    program: Vec<sock_filter>,
}

impl Filter {
    fn new(architecture: &'static Architecture, options: &Seccomp) -> Self {
        Self { architecture, program: assemble(architecture, Subject::Command(options)) }
    }

    fn with_listener(architecture: &'static Architecture, options: &Seccomp) -> Self {
        Self { architecture, program: assemble(architecture, Subject::Observed(options)) }
    }

    fn of_gate(architecture: &'static Architecture) -> Self {
        Self { architecture, program: assemble(architecture, Subject::Gate) }
    }

    fn run(&self, number: u32, arguments: &[u64]) -> interpreter::Run {
        let mut all = [0; 6];
        all[..arguments.len()].copy_from_slice(arguments);
        let call = Call { architecture: self.architecture.token, number, arguments: all };
        interpreter::run(&self.program, call)
    }

    fn number(&self, number: u32, arguments: &[u64]) -> Answer {
        decode(self.run(number, arguments).answer)
    }

    fn call(&self, name: &str, arguments: &[u64]) -> Answer {
        let number = number_of(self.architecture, name).unwrap_or_else(|| panic!("{name} is not known here"));
        self.number(number.into(), arguments)
    }
}

fn decode(answer: u32) -> Answer {
    match answer {
        libc::SECCOMP_RET_ALLOW => Allow,
        libc::SECCOMP_RET_USER_NOTIF => Notify,
        libc::SECCOMP_RET_KILL_PROCESS => Kill,
        _ if answer & libc::SECCOMP_RET_ACTION == libc::SECCOMP_RET_ERRNO => Errno((answer & 0xffff) as i32),
        _ => panic!("unexpected answer {answer:#x}"),
    }
}

fn number_of(architecture: &Architecture, name: &str) -> Option<u16> {
    let (_, x86_64, aarch64) = NAMES.iter().find(|(known, ..)| *known == name)?;
    if architecture.token == X86_64.token { *x86_64 } else { *aarch64 }
}

fn each_variant(mut test: impl FnMut(&Filter, &Seccomp)) {
    for bits in 0..16_u8 {
        let bit = |place: u8| bits >> place & 1 == 1;
        let options =
            Seccomp { nested_namespaces: bit(0), internet_sockets: bit(1), unix_sockets: bit(2), system_v_ipc: bit(3) };
        for architecture in [&X86_64, &AARCH64] {
            test(&Filter::new(architecture, &options), &options);
        }
    }
}

/// Runs the same test on both architectures.
fn on_both(options: Seccomp, test: impl Fn(&Filter)) {
    test(&Filter::new(&X86_64, &options));
    test(&Filter::new(&AARCH64, &options));
}

/// What the tables say, unless the arguments matter.
fn expected(rule: Rule, options: &Seccomp) -> Option<Answer> {
    let outcome = |outcome| match outcome {
        Outcome::Allow | Outcome::Notify => Allow,
        Outcome::Fail(errno) => Errno(errno.number),
    };
    match rule {
        Rule::Always(fixed) => Some(outcome(fixed)),
        Rule::With(switch, _) if switch.is_on(Subject::Command(options)) => Some(Allow),
        Rule::With(_, errno) => Some(Errno(errno.number)),
        Rule::Check(_) => None,
    }
}

#[test]
fn every_number_gets_the_verdict_of_its_call() {
    each_variant(|filter, options| {
        for number in 0..1024 {
            let place = filter.architecture.calls.iter().find(|(known, _)| u32::from(*known) == number);
            let expected = match place {
                Some((_, place)) => expected(ENTRIES[usize::from(*place)].rule, options),
                None => Some(ENOSYS),
            };
            if let Some(expected) = expected {
                assert_eq!(filter.number(number, &[u64::MAX; 6]), expected, "number {number} with {options:?}");
            }
        }
    });
}

#[test]
fn every_call_of_the_list_is_known_by_name_and_judged_once() {
    let listed: Vec<&str> = reasons().map(|reason| reason.call).collect();
    let distinct: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), distinct.len());
    assert_eq!(distinct, NAMES.iter().map(|(name, ..)| *name).collect());
    for reason in reasons() {
        assert!(!reason.why.is_empty() && !reason.why.ends_with('.'), "{reason:?}");
        for architecture in [&X86_64, &AARCH64] {
            let Some(number) = number_of(architecture, reason.call) else { continue };
            let closed = match reason.verdict {
                Verdict::AllowedWith("command", _) => Filter::of_gate(architecture),
                _ => Filter::new(architecture, &CLOSED),
            };
            for (filter, on) in [(closed, false), (Filter::new(architecture, &OPEN), true)] {
                let answer = filter.number(number.into(), &[]);
                match reason.verdict {
                    Verdict::Allowed | Verdict::Notified => assert_eq!(answer, Allow, "{}", reason.call),
                    Verdict::Refused(_) => assert!(matches!(answer, Errno(1..)), "{}", reason.call),
                    Verdict::AllowedWith(..) => assert_eq!(answer == Allow, on, "{}", reason.call),
                    Verdict::Checked => assert_ne!(answer, Kill, "{}", reason.call),
                }
            }
        }
    }
}

#[test]
fn numbers_agree_with_libc() {
    assert!(AS_IN_LIBC.len() > 250);
    for (name, ours, theirs) in AS_IN_LIBC {
        assert_eq!(i64::from(*ours), *theirs, "{name}");
    }
}

/// Written down once more, so that a slip in the list shows.
#[test]
fn what_must_never_work_never_works() {
    let never = [
        "bpf",
        "perf_event_open",
        "keyctl",
        "add_key",
        "request_key",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "io_uring_register",
        "kexec_load",
        "kexec_file_load",
        "init_module",
        "finit_module",
        "delete_module",
        "iopl",
        "ioperm",
        "modify_ldt",
        "swapon",
        "swapoff",
        "reboot",
        "acct",
        "quotactl",
        "quotactl_fd",
        "open_by_handle_at",
        "syslog",
        "settimeofday",
        "clock_settime",
        "adjtimex",
        "clock_adjtime",
        "fanotify_init",
        "vhangup",
    ];
    let only_nested = [
        "setns",
        "mount",
        "umount2",
        "pivot_root",
        "chroot",
        "open_tree",
        "open_tree_attr",
        "move_mount",
        "fsopen",
        "fsmount",
        "fsconfig",
        "fspick",
        "mount_setattr",
        "sethostname",
        "setdomainname",
    ];
    each_variant(|filter, options| {
        let nested = if options.nested_namespaces { Allow } else { EPERM };
        for (name, expected) in
            never.map(|name| (name, EPERM)).into_iter().chain(only_nested.map(|name| (name, nested)))
        {
            if number_of(filter.architecture, name).is_some() {
                assert_eq!(filter.call(name, &[]), expected, "{name}");
            }
        }
        assert_eq!(filter.call("clone3", &[]), if options.nested_namespaces { Allow } else { ENOSYS });
        assert_eq!(filter.call("lookup_dcookie", &[]), ENOSYS);
        assert_eq!(filter.call("nfsservctl", &[]), ENOSYS);
    });
}

#[test]
fn a_listener_changes_nothing_but_what_it_is_told_of() {
    let told = ["execve", "execveat"];
    each_variant(|filter, options| {
        let listening = Filter::with_listener(filter.architecture, options);
        let told = told.map(|name| number_of(filter.architecture, name).map(u32::from));
        for number in (0..1024).chain([0x3fff_ffff, 0x4000_0000, 0x8000_0000, u32::MAX]) {
            for arguments in [[0; 6], [u64::MAX; 6]] {
                let expected = if told.contains(&Some(number)) { Notify } else { filter.number(number, &arguments) };
                assert_eq!(listening.number(number, &arguments), expected, "number {number} with {options:?}");
            }
        }
    });
}

#[test]
fn a_trace_is_told_of_every_path_and_of_all_that_is_refused_on_purpose() {
    each_variant(|filter, options| {
        let architecture = filter.architecture;
        let traced =
            Filter { architecture, program: assemble(architecture, Subject::Traced(options, Naming::Nothing)) };
        let observed = Filter::with_listener(architecture, options);
        for number in (0..1024).chain([0x3fff_ffff, 0x4000_0000, 0x8000_0000, u32::MAX]) {
            for arguments in [[0; 6], [u64::MAX; 6]] {
                let without = observed.number(number, &arguments);
                let expected = match without {
                    Allow if architecture.arguments(number).is_some() => Notify,
                    Errno(errno) if errno != libc::ENOSYS => Notify,
                    _ => without,
                };
                assert_eq!(traced.number(number, &arguments), expected, "number {number} with {options:?}");
            }
        }
        assert_eq!(traced.call("openat", &[]), Notify);
    });
}

#[test]
fn who_keeps_what_was_is_told_of_what_writes_and_of_nothing_that_reads() {
    each_variant(|filter, options| {
        let architecture = filter.architecture;
        let kept = Filter { architecture, program: assemble(architecture, Subject::Kept(options, Changing::Nothing)) };
        let observed = Filter::with_listener(architecture, options);
        for number in (0..1024).chain([0x3fff_ffff, 0x4000_0000, 0x8000_0000, u32::MAX]) {
            for arguments in [[0; 6], [u64::MAX; 6]] {
                let without = observed.number(number, &arguments);
                let changes = match architecture.changing(number) {
                    Changing::Nothing => false,
                    Changing::Something => true,
                    Changing::With(mode) => arguments[usize::from(mode)] != 0,
                };
                let expected = if without == Allow && changes { Notify } else { without };
                assert_eq!(kept.number(number, &arguments), expected, "number {number} with {options:?}");
            }
        }
        for reads in [libc::O_RDONLY | libc::O_CLOEXEC, libc::O_PATH | libc::O_DIRECTORY | libc::O_NOFOLLOW] {
            assert_eq!(kept.call("openat", &[0, 0, reads as u64]), Allow);
        }
        for writes in [libc::O_WRONLY, libc::O_RDWR | libc::O_APPEND, libc::O_CREAT, libc::O_TRUNC] {
            assert_eq!(kept.call("openat", &[0, 0, writes as u64]), Notify);
        }
        assert_eq!(kept.call("read", &[]), Allow);
        assert_eq!(kept.call("unlinkat", &[]), Notify);
        assert_eq!(kept.call("fsetxattr", &[]), Notify);
    });
}

/// Who is told of a refused call answers for the kernel, so the two must never differ.
#[test]
fn the_tables_say_the_same_as_the_program() {
    let values = [0, 1, 2, 3, 10, 16, 17, 0o4755, libc::S_IFCHR.into(), 0x5412, u64::from(u32::MAX)];
    let flags = [libc::CLONE_NEWUSER, libc::CLONE_FS, libc::CLONE_THREAD].map(|flag| flag as u64);
    let first = values.into_iter().chain(flags).flat_map(|value| [value, value | 1 << 32]);
    let pairs = |first| values.into_iter().flat_map(move |second| values.map(|third| [first, second, third, 0, 0, 0]));
    let told_apart: Vec<[u64; 6]> = first.flat_map(pairs).collect();
    each_variant(|filter, options| {
        for number in 0..1024 {
            let entry = judge::entry(filter.architecture, number);
            let rule = entry.map(|entry| entry.rule);
            let arguments: &[_] =
                if matches!(rule, Some(Rule::Check(_))) { &told_apart } else { &[[0; 6], [u64::MAX; 6]] };
            for arguments in arguments {
                let failure = |rule| judge::failure(rule, options, arguments).map(|errno| errno.number);
                let expected = rule.map_or(Some(libc::ENOSYS), failure).map_or(Allow, Errno);
                assert_eq!(filter.number(number, arguments), expected, "number {number} {arguments:?} {options:?}");
            }
        }
    });
}

#[test]
fn a_refused_call_says_why_and_whether_it_need_be() {
    let arguments = [libc::AF_VSOCK as u64, 0, 0, 0, 0, 0];
    let told =
        |call: libc::c_long| refused(&USUAL, call as u32, &arguments).map(|refused| (refused.name, refused.error));
    assert_eq!(told(libc::SYS_bpf), Some(("bpf", "EPERM")));
    assert_eq!(told(libc::SYS_socket), Some(("socket", "EAFNOSUPPORT")));
    assert_eq!(told(libc::SYS_read), None);
    assert_eq!(refused(&USUAL, 100_000, &arguments).map(|refused| refused.error), Some("ENOSYS"));
    let nested = |call: libc::c_long| refused(&USUAL, call as u32, &arguments).map(|refused| refused.nested_namespaces);
    assert_eq!((nested(libc::SYS_mount), nested(libc::SYS_bpf)), (Some(true), Some(false)));
}

#[test]
fn what_development_needs_always_works() {
    let needed = [
        "execve",
        "mmap",
        "mprotect",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_getfd",
        "kcmp",
        "inotify_add_watch",
        "memfd_create",
        "seccomp",
        "prctl",
        "landlock_restrict_self",
        "statmount",
        "listmount",
        "futex",
        "rseq",
        "membarrier",
        "set_robust_list",
        "statx",
        "openat2",
        "faccessat2",
        "close_range",
        "getrandom",
        "prlimit64",
        "sched_setaffinity",
        "copy_file_range",
        "splice",
        "rt_sigreturn",
        "restart_syscall",
    ];
    each_variant(|filter, _| {
        for name in needed {
            assert_eq!(filter.call(name, &[]), Allow, "{name}");
        }
    });
}

#[test]
fn clone_makes_threads_and_processes_but_no_namespaces() {
    const THREAD: u64 = 0x003d_0f00;
    let namespaces = [
        libc::CLONE_NEWNS,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWCGROUP,
    ];
    on_both(USUAL, |filter| {
        assert_eq!(filter.call("clone", &[libc::SIGCHLD as u64]), Allow);
        assert_eq!(filter.call("clone", &[THREAD]), Allow);
        for flag in namespaces {
            assert_eq!(filter.call("clone", &[flag as u64]), EPERM);
            assert_eq!(filter.call("clone", &[flag as u64 | THREAD]), EPERM);
            assert_eq!(filter.call("clone", &[flag as u64 | 0xffff_ffff_0000_0000]), EPERM);
            // The kernel drops these bits, so no namespace comes of it.
            assert_eq!(filter.call("clone", &[(flag as u64) << 32]), Allow);
        }
    });
    on_both(OPEN, |filter| assert_eq!(filter.call("clone", &[libc::CLONE_NEWUSER as u64]), Allow));
}

#[test]
fn unshare_leaves_shared_tables_but_makes_no_namespaces() {
    on_both(USUAL, |filter| {
        assert_eq!(filter.call("unshare", &[(libc::CLONE_FILES | libc::CLONE_FS) as u64]), Allow);
        assert_eq!(filter.call("unshare", &[(libc::CLONE_FILES | libc::CLONE_NEWUSER) as u64]), EPERM);
        assert_eq!(filter.call("unshare", &[0x80]), EPERM, "CLONE_NEWTIME");
        assert_eq!(filter.call("unshare", &[1 << 32]), EPERM, "a flag of the future");
        assert_eq!(filter.call("unshare", &[1 << 32 | libc::CLONE_FILES as u64]), EPERM);
    });
    on_both(OPEN, |filter| assert_eq!(filter.call("unshare", &[libc::CLONE_NEWUSER as u64]), Allow));
}

const STREAM: u64 = libc::SOCK_STREAM as u64;
const DATAGRAM: u64 = libc::SOCK_DGRAM as u64;
const RAW: u64 = libc::SOCK_RAW as u64;
const UNIX: u64 = libc::AF_UNIX as u64;
const INET: u64 = libc::AF_INET as u64;
const INET6: u64 = libc::AF_INET6 as u64;
const NETLINK: u64 = libc::AF_NETLINK as u64;
/// Garbage in the half of a register that the kernel does not look at.
const HIGH: u64 = 1 << 32;

#[test]
fn sockets_are_local_or_internet() {
    let flags = (libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK) as u64;
    on_both(USUAL, |filter| {
        let socket = |arguments: [u64; 3]| filter.call("socket", &arguments);
        for family in [INET, INET6] {
            assert_eq!(socket([family, STREAM | flags, 0]), Allow);
            assert_eq!(socket([family, STREAM, libc::IPPROTO_TCP as u64]), Allow);
            assert_eq!(socket([family, STREAM, libc::IPPROTO_MPTCP as u64]), Allow);
            assert_eq!(socket([family, DATAGRAM, libc::IPPROTO_UDP as u64]), Allow);
            assert_eq!(socket([family, DATAGRAM, libc::IPPROTO_ICMP as u64]), Allow, "ping");
            assert_eq!(socket([family, RAW, libc::IPPROTO_ICMP as u64]), EPERM);
            assert_eq!(socket([family, RAW | flags | HIGH, 0]), EPERM);
            assert_eq!(socket([family, 10, 0]), EPERM, "SOCK_PACKET");
            assert_eq!(socket([family, libc::SOCK_SEQPACKET as u64, 0]), EPROTONOSUPPORT, "SCTP");
            assert_eq!(socket([family, STREAM, libc::IPPROTO_SCTP as u64]), EPROTONOSUPPORT);
        }
        for kind in [STREAM, DATAGRAM, RAW, libc::SOCK_SEQPACKET as u64] {
            assert_eq!(socket([UNIX, kind | flags, 0]), Allow);
        }
        assert_eq!(socket([NETLINK, RAW | flags, 0]), Allow, "NETLINK_ROUTE");
        for protocol in 1..32 {
            assert_eq!(socket([NETLINK, RAW, protocol]), EAFNOSUPPORT);
        }
        let served = [UNIX, INET, INET6, NETLINK];
        for family in (0..64).filter(|family| !served.contains(family)) {
            assert_eq!(socket([family, STREAM, 0]), EAFNOSUPPORT, "family {family}");
        }
    });
}

#[test]
fn the_upper_half_of_an_int_changes_nothing() {
    each_variant(|filter, _| {
        for family in [UNIX, INET, INET6, NETLINK, 17, 38] {
            for kind in [STREAM, DATAGRAM, RAW, 5, 10] {
                for protocol in [0, 1, 6, 132] {
                    let plain = filter.call("socket", &[family, kind, protocol]);
                    assert_eq!(filter.call("socket", &[family | HIGH, kind | HIGH, protocol | HIGH]), plain);
                    let plain = filter.call("socketpair", &[family, kind, protocol]);
                    assert_eq!(filter.call("socketpair", &[family | HIGH, kind | HIGH, protocol | HIGH]), plain);
                }
            }
        }
    });
}

#[test]
fn without_inet_there_is_no_internet() {
    on_both(Seccomp { internet_sockets: false, ..USUAL }, |filter| {
        for family in [INET, INET6, INET | HIGH, INET6 | HIGH] {
            for kind in [STREAM, DATAGRAM, RAW] {
                assert_eq!(filter.call("socket", &[family, kind, 0]), EACCES);
            }
        }
        assert_eq!(filter.call("socket", &[UNIX, STREAM, 0]), Allow);
        assert_eq!(filter.call("socket", &[NETLINK, RAW, 0]), Allow);
    });
}

#[test]
fn without_unix_sockets_only_pairs_that_cannot_reach_a_path_remain() {
    on_both(Seccomp { unix_sockets: false, ..USUAL }, |filter| {
        for kind in [STREAM, DATAGRAM, RAW, libc::SOCK_SEQPACKET as u64] {
            assert_eq!(filter.call("socket", &[UNIX, kind, 0]), EACCES);
            assert_eq!(filter.call("socket", &[UNIX | HIGH, kind, 0]), EACCES);
        }
        assert_eq!(filter.call("socketpair", &[UNIX, STREAM | libc::SOCK_CLOEXEC as u64, 0]), Allow);
        assert_eq!(filter.call("socketpair", &[UNIX, libc::SOCK_SEQPACKET as u64, 0]), Allow);
        assert_eq!(filter.call("socketpair", &[UNIX, DATAGRAM, 0]), EACCES);
        assert_eq!(filter.call("socketpair", &[UNIX, RAW, 0]), EACCES, "the kernel makes a datagram pair of it");
        assert_eq!(filter.call("socket", &[INET, STREAM, 0]), Allow);
    });
    on_both(USUAL, |filter| {
        assert_eq!(filter.call("socketpair", &[UNIX, DATAGRAM, 0]), Allow);
        assert_eq!(filter.call("socketpair", &[INET, STREAM, 0]), EAFNOSUPPORT);
        assert_eq!(filter.call("socketpair", &[30, STREAM, 0]), EAFNOSUPPORT, "TIPC");
    });
}

/// A request number; its type differs between C libraries, and a signed one must not fill the upper half.
#[allow(clippy::unnecessary_cast, reason = "`libc::Ioctl` is signed or not, depending on the C library")]
fn low_half(request: libc::Ioctl) -> u64 {
    request as u64 & 0xffff_ffff
}

#[test]
fn nobody_types_into_a_terminal() {
    each_variant(|filter, _| {
        for request in [libc::TIOCSTI, libc::TIOCLINUX, libc::TIOCSETD].map(low_half) {
            assert_eq!(filter.call("ioctl", &[0, request]), EPERM);
            assert_eq!(filter.call("ioctl", &[0, request | HIGH]), EPERM);
            assert_eq!(filter.call("ioctl", &[0, request | 0xffff_ffff_0000_0000]), EPERM);
        }
        for request in [libc::TCGETS, libc::TIOCGWINSZ, libc::TIOCSCTTY, libc::FIONREAD].map(low_half) {
            assert_eq!(filter.call("ioctl", &[0, request]), Allow);
        }
    });
}

#[test]
fn personality_serves_debuggers_only() {
    each_variant(|filter, _| {
        let personality = |value: u64| filter.call("personality", &[value]);
        let no_randomize = libc::ADDR_NO_RANDOMIZE as u64;
        for value in [0, 0xffff_ffff, u64::MAX, no_randomize, 8, 8 | no_randomize, 0x0002_0000, HIGH] {
            assert_eq!(personality(value), Allow, "{value:#x}");
        }
        let writable_code = libc::READ_IMPLIES_EXEC as u64;
        for value in [writable_code, writable_code | HIGH, no_randomize | writable_code, 0x0010_0000, 6, 0xffff_fffe] {
            assert_eq!(personality(value), EPERM, "{value:#x}");
        }
    });
}

#[test]
fn device_nodes_are_not_made() {
    let modes =
        [(libc::S_IFCHR, EPERM), (libc::S_IFBLK, EPERM), (libc::S_IFIFO, Allow), (libc::S_IFSOCK, Allow), (0, Allow)];
    on_both(USUAL, |filter| {
        for (mode, expected) in modes {
            let mode = u64::from(mode | 0o644);
            assert_eq!(filter.call("mknodat", &[0, 0, mode]), expected);
            // The kernel keeps 16 bits of a mode.
            assert_eq!(filter.call("mknodat", &[0, 0, mode | 0xdead_beef_0001_0000]), expected);
        }
    });
    let filter = Filter::new(&X86_64, &USUAL);
    assert_eq!(filter.call("mknod", &[0, u64::from(libc::S_IFBLK)]), EPERM);
    on_both(OPEN, |filter| assert_eq!(filter.call("mknodat", &[0, 0, u64::from(libc::S_IFCHR)]), Allow));
}

#[test]
fn without_an_ipc_namespace_there_is_no_system_v_ipc() {
    let calls = ["shmget", "shmat", "shmctl", "semget", "semop", "semctl", "msgget", "msgsnd", "msgrcv", "mq_open"];
    for (options, expected) in [(USUAL, Allow), (Seccomp { system_v_ipc: false, ..USUAL }, ENOSYS)] {
        on_both(options, |filter| {
            for name in calls {
                assert_eq!(filter.call(name, &[]), expected, "{name}");
            }
        });
    }
}

#[test]
fn the_gate_reads_and_talks_and_does_nothing_else() {
    for architecture in [&X86_64, &AARCH64] {
        let gate = Filter::of_gate(architecture);
        let refused = ["execve", "execveat", "ptrace", "process_vm_writev", "pidfd_getfd", "kill", "tgkill", "listen"];
        for call in refused.into_iter().chain(["mount", "setns", "setpriority", "sched_setaffinity", "rt_sigqueueinfo"])
        {
            assert_eq!(gate.call(call, &[]), EPERM, "{call}");
        }
        for call in ["renameat2", "unlinkat", "mkdirat", "truncate", "fchmodat", "mknodat", "utimensat", "setxattr"] {
            assert_eq!(gate.call(call, &[]), EACCES, "{call}");
        }
        let open = |flags: i32| gate.call("openat", &[0, 0, flags as u64]);
        assert_eq!(open(libc::O_RDONLY | libc::O_CLOEXEC | libc::O_DIRECTORY | libc::O_NONBLOCK), Allow);
        for flags in [libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC, libc::O_TMPFILE | libc::O_RDWR] {
            assert_eq!(open(flags | libc::O_CLOEXEC), EACCES, "{flags:#o}");
        }
        let thread = libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
        assert_eq!(gate.call("clone", &[thread as u64]), Allow);
        assert_eq!(gate.call("clone", &[(libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD) as u64]), EPERM);
        assert_eq!((gate.call("clone3", &[]), gate.call("openat2", &[])), (ENOSYS, ENOSYS));
        assert_eq!((gate.call("prlimit64", &[0]), gate.call("prlimit64", &[1])), (Allow, EPERM));
        for call in ["read", "writev", "splice", "pipe2", "connect", "accept4", "bind", "epoll_pwait", "futex", "mmap"]
        {
            assert_eq!(gate.call(call, &[]), Allow, "{call}");
        }
        for family in [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX] {
            assert_eq!(gate.call("socket", &[family as u64, libc::SOCK_STREAM as u64]), Allow);
        }
    }
}

#[test]
fn a_command_may_whatever_the_gate_may() {
    for architecture in [&X86_64, &AARCH64] {
        let (gate, command) = (Filter::of_gate(architecture), Filter::new(architecture, &USUAL));
        for arguments in [[0; 6], [u64::MAX; 6]] {
            for number in (0..1024).filter(|number| gate.number(*number, &arguments) == Allow) {
                assert_eq!(command.number(number, &arguments), Allow, "number {number}");
            }
        }
    }
}

#[test]
fn foreign_doors_end_the_process() {
    const I386: u32 = 0x4000_0003;
    const ARM: u32 = 0x4000_0028;
    each_variant(|filter, _| {
        let other = if filter.architecture.token == X86_64.token { AARCH64.token } else { X86_64.token };
        for architecture in [I386, ARM, other, 0, u32::MAX] {
            for number in [0, 1, 20, 1000, u32::MAX] {
                let call = Call { architecture, number, arguments: [0; 6] };
                assert_eq!(decode(interpreter::run(&filter.program, call).answer), Kill);
            }
        }
    });
    let filter = Filter::new(&X86_64, &OPEN);
    for number in [0, 1, 39, 59, 512, 520, 1000, 0x3fff_ffff, 0x8000_0000, 0xbfff_fffe] {
        assert_eq!(filter.number(number | 0x4000_0000, &[]), Kill, "x32 number {number}");
    }
}

#[test]
fn unknown_numbers_look_like_an_older_kernel() {
    each_variant(|filter, _| {
        for number in [337, 423, 470, 512, 547, 1024, 0xffff, 0x3fff_ffff, 0x8000_0000, 0xbfff_ffff] {
            if filter.architecture.calls.iter().all(|(known, _)| u32::from(*known) != number) {
                assert_eq!(filter.number(number, &[]), ENOSYS, "{number:#x}");
            }
        }
        // A tracer has taken the call away: `strace --inject` and its like.
        assert_eq!(filter.number(u32::MAX, &[]), Allow);
    });
}

#[test]
fn the_program_is_short_and_shallow() {
    each_variant(|filter, options| {
        assert!(filter.program.len() < 512, "{} instructions with {options:?}", filter.program.len());
        let (mut deepest, mut deepest_check) = (0, 0);
        for number in (0..1024).chain([0x3fff_ffff, 0x4000_0000, 0x8000_0000, 0xc000_0000, u32::MAX]) {
            let place = filter.architecture.calls.iter().find(|(known, _)| u32::from(*known) == number);
            let check = place.is_some_and(|(_, place)| matches!(ENTRIES[usize::from(*place)].rule, Rule::Check(_)));
            let steps = filter.run(number, &[]).steps;
            if check { deepest_check = steps.max(deepest_check) } else { deepest = steps.max(deepest) }
        }
        assert!(deepest <= 13, "{deepest} steps with {options:?}");
        assert!(deepest_check <= 32, "{deepest_check} steps with {options:?}");
    });
}

#[test]
fn jumps_too_far_for_a_byte_arrive() {
    // Every number refused or allowed by turns, so that the first branches span some thousand instructions.
    const TURNS: [(u16, u8); 1500] = {
        let mut turns = [(0, 0); 1500];
        let mut number = 0;
        while number < turns.len() {
            turns[number] = (2 * number as u16, 0);
            number += 1;
        }
        turns
    };
    static CALLS: [(u16, u8); 1500] = TURNS;
    static MANY: Architecture = Architecture { token: 1, calls: &CALLS, traced: &[], changing: &[], foreign_bit: None };
    assert!(matches!(ENTRIES[0].rule, Rule::Always(Outcome::Allow)));
    let filter = Filter::new(&MANY, &USUAL);
    assert!(filter.program.iter().any(|instruction| instruction.code == 0x05), "no long jump");
    for number in 0..3000 {
        let expected = if number % 2 == 0 { Allow } else { ENOSYS };
        assert_eq!(filter.number(number, &[]), expected, "number {number}");
    }
}

#[test]
fn every_verdict_reads_well() {
    let line = |call: &str| reasons().find(|reason| reason.call == call).map(|reason| reason.verdict.to_string());
    assert_eq!(line("read").as_deref(), Some("allowed"));
    assert_eq!(line("execve").as_deref(), Some("allowed, and recorded"));
    assert_eq!(line("bpf").as_deref(), Some("refused, EPERM"));
    assert_eq!(line("mount").as_deref(), Some("allowed with nested_namespaces, else EPERM"));
    assert_eq!(line("socket").as_deref(), Some("judged by its arguments"));
    assert_eq!(line("no_such_call"), None);
}

#[test]
fn the_native_filter_is_one_of_the_tested_ones() {
    let usual = Subject::Observed(&USUAL);
    assert_eq!(program(usual).len(), assemble(&NATIVE, usual).len());
}
