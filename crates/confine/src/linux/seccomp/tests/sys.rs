//! The real kernel, in a child process: the filter cannot be taken off again.
#![allow(unsafe_code, reason = "refused system calls have no safe wrappers")]

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::USUAL;
use crate::linux::seccomp::{install, install_for_gate};

/// Set for the child, so that nobody filters a whole test run with `--include-ignored`.
const CHILD: &str = "PINFOLD_TEST_SECCOMP_CHILD";

fn child(test: &str) -> Output {
    let path = format!("{}::{test}", module_path!());
    let (_, path) = path.split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args([path, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap()
}

/// True in the child, which is filtered from then on.
fn filtered(install: impl FnOnce() -> io::Result<()>) -> bool {
    if std::env::var_os(CHILD).is_none() {
        return false;
    }
    let no_core = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(rustix::process::Resource::Core, no_core).unwrap();
    rustix::thread::set_no_new_privs(true).unwrap();
    install().unwrap();
    true
}

/// The error number of a raw call whose arguments are numbers or null pointers.
fn errno(number: libc::c_long, arguments: [libc::c_ulong; 5]) -> Option<i32> {
    let [a, b, c, d, e] = arguments;
    // SAFETY: no argument is a valid pointer, so the kernel touches no memory of ours.
    let result = unsafe { libc::syscall(number, a, b, c, d, e) };
    if result == -1 { io::Error::last_os_error().raw_os_error() } else { None }
}

#[test]
fn the_kernel_takes_the_filter_and_life_goes_on() {
    let bad_descriptor = libc::c_ulong::MAX;
    // The control: without the filter this call gets as far as its descriptor.
    assert_eq!(errno(libc::SYS_ioctl, [bad_descriptor, libc::TIOCSTI as _, 0, 0, 0]), Some(libc::EBADF));
    let output = child("inside");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "the child ran nothing");
}

#[test]
#[ignore = "runs in a child of the test above"]
fn inside() {
    if filtered(|| install(&USUAL)) {
        refused_calls_fail();
        threads_and_programs_start();
        sockets_work();
    }
}

#[test]
fn the_gate_only_reads_and_talks() {
    let output = child("inside_as_the_gate");
    // Whoever made it may not remove it any more.
    let _ = std::fs::remove_file(file_of_gate(std::process::id(), "kept"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "the child ran nothing");
}

fn file_of_gate(test: u32, name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("pinfold-seccomp-{test}-{name}"))
}

#[test]
#[ignore = "runs in a child of the test above"]
fn inside_as_the_gate() {
    let [path, other] = ["kept", "other"].map(|name| file_of_gate(std::os::unix::process::parent_id(), name));
    let deeds: [(&str, &dyn Fn() -> io::Result<()>); 6] = [
        ("writes a file", &|| std::fs::OpenOptions::new().append(true).open(&path).map(drop)),
        ("makes a file", &|| std::fs::write(&other, "")),
        ("changes a mode", &|| std::fs::set_permissions(&path, std::fs::metadata(&path)?.permissions())),
        ("starts a program", &|| Command::new("true").status().map(drop)),
        ("listens", &|| TcpListener::bind("127.0.0.1:0").map(drop)),
        ("removes a file", &|| std::fs::remove_file(&path)),
    ];
    let make = || std::fs::write(&path, "text").unwrap();
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    make();
    deeds
        .iter()
        .for_each(|(what, deed)| deed().unwrap_or_else(|error| panic!("without the filter it {what}: {error}")));
    make();
    std::fs::remove_file(&other).unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    filtered(install_for_gate);
    for (what, deed) in deeds {
        let refused = deed().expect_err(what).raw_os_error();
        assert!(matches!(refused, Some(libc::EPERM | libc::EACCES)), "{what}: {refused:?}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
    let client =
        std::thread::spawn(move || TcpStream::connect(server.local_addr().unwrap()).and_then(|_| server.accept()));
    client.join().unwrap().unwrap();
}

fn refused_calls_fail() {
    let user_namespace = libc::CLONE_NEWUSER as libc::c_ulong;
    let high = 1_u64 << 32;
    let terminal = libc::TIOCSTI as libc::c_ulong & 0xffff_ffff;
    let eperm = [
        ("unshare", errno(libc::SYS_unshare, [user_namespace, 0, 0, 0, 0])),
        ("clone", errno(libc::SYS_clone, [user_namespace, 0, 0, 0, 0])),
        ("setns", errno(libc::SYS_setns, [u64::MAX, 0, 0, 0, 0])),
        ("mount", errno(libc::SYS_mount, [0; 5])),
        ("bpf", errno(libc::SYS_bpf, [0; 5])),
        ("keyctl", errno(libc::SYS_keyctl, [0; 5])),
        ("userfaultfd", errno(libc::SYS_userfaultfd, [0; 5])),
        ("io_uring_setup", errno(libc::SYS_io_uring_setup, [0; 5])),
        ("perf_event_open", errno(libc::SYS_perf_event_open, [0; 5])),
        ("ioctl", errno(libc::SYS_ioctl, [u64::MAX, terminal, 0, 0, 0])),
        ("ioctl with garbage", errno(libc::SYS_ioctl, [u64::MAX, terminal | high, 0, 0, 0])),
        ("personality", errno(libc::SYS_personality, [libc::READ_IMPLIES_EXEC as _, 0, 0, 0, 0])),
        ("raw socket", errno(libc::SYS_socket, [libc::AF_INET as _, libc::SOCK_RAW as _, 1, 0, 0])),
    ];
    for (call, result) in eperm {
        assert_eq!(result, Some(libc::EPERM), "{call}");
    }
    assert_eq!(errno(libc::SYS_clone3, [0; 5]), Some(libc::ENOSYS));
    assert_eq!(errno(1000, [0; 5]), Some(libc::ENOSYS));
    for family in [libc::AF_ALG, libc::AF_VSOCK, libc::AF_PACKET] {
        let result = errno(libc::SYS_socket, [family as libc::c_ulong | high, libc::SOCK_STREAM as _, 0, 0, 0]);
        assert_eq!(result, Some(libc::EAFNOSUPPORT), "family {family}");
    }
}

fn threads_and_programs_start() {
    let thread = std::thread::spawn(|| errno(libc::SYS_bpf, [0; 5]));
    assert_eq!(thread.join().unwrap(), Some(libc::EPERM), "threads are filtered as well");
    let output = Command::new("sh").args(["-c", "echo $(echo one) | cat; exit 7"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), b"one\n".as_slice()));
}

fn sockets_work() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.write_all(b"over tcp").unwrap();
    drop(client);
    let mut text = String::new();
    listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
    assert_eq!(text, "over tcp");

    UdpSocket::bind("127.0.0.1:0").unwrap();
    UnixStream::pair().unwrap();
    let path = std::env::temp_dir().join(format!("pinfold-seccomp-{}", std::process::id()));
    let listener = UnixListener::bind(&path);
    std::fs::remove_file(&path).unwrap();
    listener.unwrap();
}

/// Through a door that is not served, the process ends; without the filter it would go on or crash differently.
#[cfg(target_arch = "x86_64")]
mod foreign_doors {
    use super::*;

    #[test]
    fn x32_calls_end_the_process() {
        assert_eq!(child("foreign_doors::calls_x32").status.signal(), Some(libc::SIGSYS));
    }

    #[test]
    #[ignore = "runs in a child of the test above"]
    fn calls_x32() {
        if filtered(|| install(&USUAL)) {
            errno(0x4000_0000 | libc::SYS_getpid, [0; 5]);
        }
    }

    #[test]
    fn i386_calls_end_the_process() {
        let signal = child("foreign_doors::calls_i386").status.signal();
        // A kernel without that door answers with SIGSEGV.
        assert!(matches!(signal, Some(libc::SIGSYS | libc::SIGSEGV)), "{signal:?}");
    }

    #[test]
    #[ignore = "runs in a child of the test above"]
    fn calls_i386() {
        if filtered(|| install(&USUAL)) {
            // SAFETY: number 20 is getpid there, which touches no memory.
            unsafe {
                std::arch::asm!("int 0x80", inlateout("eax") 20 => _, out("r8") _, out("r9") _, out("r10") _, out("r11") _)
            };
        }
    }
}
