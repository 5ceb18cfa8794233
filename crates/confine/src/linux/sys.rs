//! The system calls that no safe wrapper offers. The only unsafe code of the crate, one call per function.
#![allow(unsafe_code, reason = "raw system calls; each block says why it is sound")]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use rustix::process::Pid;

/// Turns the C convention (−1 and `errno`) into a `Result`.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// How long a thread that was joined may take to be gone.
const THREAD_ENDS_MS: u32 = 200;

/// Proof that this process has one thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SingleThreaded(());

impl SingleThreaded {
    /// Counts the threads; `EDEADLK` when there are others, whose locks a fork would copy in the locked state.
    pub(crate) fn check() -> io::Result<Self> {
        for _ in 0..THREAD_ENDS_MS {
            // A directory's link count is two and one for each entry.
            if rustix::fs::stat("/proc/self/task")?.st_nlink == 3 {
                return Ok(Self(()));
            }
            // A thread that was joined has let go of everything, but counts until the kernel has taken it away.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Err(rustix::io::Errno::DEADLK.into())
    }
}

/// Proof that this process is the fork of a single-threaded one: what it owns, it owns as a copy, and it ends by
/// [`exit_now`], so that nothing is ever dropped here that belongs to the original.
#[derive(Debug)]
pub(crate) struct Copied(());

impl Copied {
    /// It began with one thread, and makes none.
    pub(crate) fn single(&self) -> SingleThreaded {
        SingleThreaded(())
    }
}

/// Exit code of a process that could not become a program.
const NOT_A_PROGRAM: libc::c_int = 127;

/// Which side of a fork this is.
pub(crate) enum Fork {
    /// The new process.
    Child(Copied),
    /// The caller.
    Parent {
        /// The new process, as the caller sees it.
        pid: Pid,
        /// A descriptor for it that cannot come to mean another process.
        pidfd: OwnedFd,
    },
}

/// The argument of `clone3(2)`, version 0.
#[repr(C, align(8))]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
}

/// Starts a copy of this process in the new namespaces that `namespaces` (`CLONE_NEW*`) names: `clone3(2)` without
/// shared memory.
pub(crate) fn fork_into(_: SingleThreaded, namespaces: u64) -> io::Result<Fork> {
    let mut pidfd: RawFd = -1;
    let pid = if namespaces == 0 { clone_plainly(&mut pidfd)? } else { clone_into(namespaces, &mut pidfd)? };
    let Some(pid) = Pid::from_raw(pid as i32) else { return Ok(Fork::Child(Copied(()))) };
    // SAFETY: in the parent the kernel has just stored a new descriptor that nobody else owns.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Fork::Parent { pid, pidfd })
}

/// A copy in the same namespaces. The old call: the system call filter refuses `clone3(2)`, whose flags it cannot see.
fn clone_plainly(pidfd: &mut RawFd) -> io::Result<libc::c_long> {
    let flags = (libc::CLONE_PIDFD | libc::SIGCHLD) as libc::c_ulong;
    // SAFETY: without CLONE_VM the child gets its own copy of all memory, in which no other thread can hold a lock, by
    // the caller's proof; `pidfd` outlives the call. The argument after the stack is `parent_tid` on every
    // architecture that we build for, where the kernel stores the descriptor.
    check(unsafe { libc::syscall(libc::SYS_clone, flags, 0, ptr::from_mut(pidfd), 0, 0) })
}

/// A copy in new namespaces.
fn clone_into(namespaces: u64, pidfd: &mut RawFd) -> io::Result<libc::c_long> {
    let arguments = CloneArguments {
        flags: namespaces | libc::CLONE_PIDFD as u64,
        pidfd: ptr::from_mut(pidfd) as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArguments::default()
    };
    // SAFETY: as above; `arguments` outlives the call and comes with its true size.
    check(unsafe { libc::syscall(libc::SYS_clone3, ptr::from_ref(&arguments), size_of::<CloneArguments>()) })
}

/// Runs `become_program` in a new process on a stack of its own, in this process's memory, which waits until the new
/// one has become another program or has ended: `vfork(2)`. No page is copied for a process that forgets them at once.
pub(crate) fn fork_to_execute(_: &Copied, become_program: &mut dyn FnMut()) -> io::Result<Pid> {
    const STACK_BYTES: usize = 256 << 10;
    extern "C" fn enter(program: *mut libc::c_void) -> libc::c_int {
        // SAFETY: the pointer below, to a closure that lives as long as its owner waits.
        let become_program = unsafe { &mut *program.cast::<&mut dyn FnMut()>() };
        become_program();
        NOT_A_PROGRAM
    }
    let mut stack = Vec::<u128>::with_capacity(STACK_BYTES / size_of::<u128>());
    let top = stack.spare_capacity_mut().as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let mut program: &mut dyn FnMut() = become_program;
    let program = ptr::from_mut(&mut program);
    // SAFETY: this thread, the only one by the caller's proof, is suspended while the new process uses its memory; the
    // stack and the closure outlive that, and `top` is the aligned end of the stack, which grows downwards.
    let pid = check(unsafe { libc::clone(enter, top.cast(), flags, program.cast()) }.into())?;
    Pid::from_raw(pid as i32).ok_or_else(|| io::ErrorKind::Other.into())
}

/// The argument of `mount_setattr(2)`.
#[repr(C)]
#[derive(Default)]
pub(crate) struct MountAttributes {
    /// `MOUNT_ATTR_*` to set.
    pub(crate) set: u64,
    /// `MOUNT_ATTR_*` to clear.
    pub(crate) clear: u64,
    /// `MS_PRIVATE` and its like, 0 for no change.
    pub(crate) propagation: u64,
    /// A user namespace, with `MOUNT_ATTR_IDMAP`.
    pub(crate) user_namespace: u64,
}

/// Changes the mount that `mount` refers to: `mount_setattr(2)`, with `AT_RECURSIVE` when asked.
pub(crate) fn set_mount_attributes(
    mount: BorrowedFd<'_>,
    recursive: bool,
    attributes: &MountAttributes,
) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is a constant string and the structure outlives the call, with its true size.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            ptr::from_ref(attributes),
            size_of::<MountAttributes>(),
        )
    })
    .map(drop)
}

/// Closes every descriptor but 0–2 and those to keep: `close_range(2)`.
pub(crate) fn close_all_but<'a>(_: &Copied, keep: impl IntoIterator<Item = BorrowedFd<'a>>) -> io::Result<()> {
    let mut keep: Vec<u32> = keep.into_iter().map(|keep| keep.as_raw_fd() as u32).collect();
    keep.sort_unstable();
    let mut first = 3;
    for kept in keep.into_iter().chain([u32::MAX]).filter(|kept| *kept >= 3) {
        let last = if kept == u32::MAX { kept } else { kept - 1 };
        if first <= last {
            // SAFETY: takes no pointers; the owners of these descriptors are in the original, by the caller's proof.
            check(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) })?;
        }
        first = kept.saturating_add(1);
    }
    Ok(())
}

/// Lets no program that this process starts have a descriptor of its own but 0–2: `close_range(2)` with
/// `CLOSE_RANGE_CLOEXEC`.
pub(crate) fn keep_descriptors() -> io::Result<()> {
    // SAFETY: takes no pointers, and closes nothing as long as this process lives.
    check(unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// Leaves the caller's session keyring for a new, empty one: `keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)`.
pub(crate) fn join_new_session_keyring() -> io::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    // SAFETY: a null name asks for an anonymous keyring.
    check(unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, ptr::null::<libc::c_char>()) })
        .map(drop)
}

/// Installs a system call filter: `seccomp(SECCOMP_SET_MODE_FILTER)`. Needs `no_new_privs`.
pub(crate) fn seccomp_filter(program: &[libc::sock_filter], flags: libc::c_ulong) -> io::Result<()> {
    set_seccomp_filter(program, flags).map(drop)
}

/// The same with a listener, which is closed at `execve(2)`.
pub(crate) fn seccomp_listener(program: &[libc::sock_filter], flags: libc::c_ulong) -> io::Result<OwnedFd> {
    let fd = set_seccomp_filter(program, flags | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

fn set_seccomp_filter(program: &[libc::sock_filter], flags: libc::c_ulong) -> io::Result<libc::c_long> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: `filter` points at `length` instructions that outlive the call; the kernel only reads them.
    check(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, ptr::from_ref(&filter)) })
}

/// The argument of `landlock_create_ruleset(2)`, as of ABI 6.
#[repr(C)]
#[derive(Default)]
pub(crate) struct LandlockRuleset {
    /// `LANDLOCK_ACCESS_FS_*` that are refused unless a rule allows them.
    pub(crate) handled_files: u64,
    /// `LANDLOCK_ACCESS_NET_*`, likewise.
    pub(crate) handled_network: u64,
    /// `LANDLOCK_SCOPE_*`.
    pub(crate) scoped: u64,
}

/// The best Landlock interface of the running kernel, 0 when there is none or it is switched off.
pub(crate) fn landlock_abi() -> u32 {
    const LANDLOCK_CREATE_RULESET_VERSION: u32 = 1;
    // SAFETY: with this flag the kernel wants a null pointer and size 0.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            ptr::null::<LandlockRuleset>(),
            0_usize,
            LANDLOCK_CREATE_RULESET_VERSION,
        )
    };
    u32::try_from(version).unwrap_or(0)
}

/// Makes a ruleset; `size` is what the running interface knows of [`LandlockRuleset`].
pub(crate) fn landlock_create_ruleset(ruleset: &LandlockRuleset, size: usize) -> io::Result<OwnedFd> {
    let size = size.min(size_of::<LandlockRuleset>());
    // SAFETY: the structure outlives the call and is at least `size` bytes.
    let fd = check(unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, ptr::from_ref(ruleset), size, 0) })?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Allows `access` below `parent`.
pub(crate) fn landlock_add_path(ruleset: BorrowedFd<'_>, parent: BorrowedFd<'_>, access: u64) -> io::Result<()> {
    #[repr(C, packed)]
    struct PathBeneath {
        allowed_access: u64,
        parent_fd: i32,
    }
    const LANDLOCK_RULE_PATH_BENEATH: u32 = 1;
    let rule = PathBeneath { allowed_access: access, parent_fd: parent.as_raw_fd() };
    // SAFETY: `rule` outlives the call and has the packed layout that the kernel expects.
    check(unsafe {
        libc::syscall(
            libc::SYS_landlock_add_rule,
            ruleset.as_raw_fd(),
            LANDLOCK_RULE_PATH_BENEATH,
            ptr::from_ref(&rule),
            0,
        )
    })
    .map(drop)
}

/// Restricts this thread and its future children. Needs `no_new_privs`.
pub(crate) fn landlock_restrict_self(ruleset: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: takes no pointers.
    check(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0) }).map(drop)
}

/// Gives every signal its default action. They stay blocked or not as they were.
pub(crate) fn default_signal_actions() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: SIG_DFL is a valid action for every signal; those that cannot be changed are refused harmlessly.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// Which signals a mask holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signals<'a> {
    /// None of them.
    None,
    /// Every one.
    All,
    /// These.
    These(&'a [libc::c_int]),
}

impl Signals<'_> {
    fn set(self) -> libc::sigset_t {
        let mut set = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: initialises the set that it is given.
        unsafe { libc::sigemptyset(set.as_mut_ptr()) };
        // SAFETY: just initialised.
        let mut set = unsafe { set.assume_init() };
        match self {
            Self::None => {}
            // SAFETY: fills the set that it is given.
            Self::All => drop(unsafe { libc::sigfillset(&mut set) }),
            Self::These(signals) => signals.iter().for_each(|signal| {
                // SAFETY: changes the set that it is given; an unknown number is refused harmlessly.
                unsafe { libc::sigaddset(&mut set, *signal) };
            }),
        }
        set
    }
}

/// Blocks exactly these signals.
pub(crate) fn set_signal_mask(signals: Signals<'_>) -> io::Result<()> {
    let set = signals.set();
    // SAFETY: `set` is initialised; the old set is not asked for.
    check(unsafe { libc::sigprocmask(libc::SIG_SETMASK, &set, ptr::null_mut()) }.into()).map(drop)
}

/// Lets every signal reach what a command starts, though they are held back here.
#[expect(clippy::disallowed_methods, reason = "this process has one thread, by the caller's proof")]
pub(crate) fn unblock_in_child(_: SingleThreaded, command: &mut std::process::Command) -> &mut std::process::Command {
    use std::os::unix::process::CommandExt;
    // SAFETY: between fork and exec there is one system call, and nothing is allocated.
    unsafe { command.pre_exec(|| set_signal_mask(Signals::None)) }
}

/// A descriptor that reads these signals, which must be blocked: `signalfd(2)`, non-blocking.
pub(crate) fn signal_descriptor(signals: Signals<'_>) -> io::Result<OwnedFd> {
    let set = signals.set();
    // SAFETY: `set` is initialised and outlives the call.
    let fd = check(unsafe { libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) }.into())?;
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Sleeps until a signal ends this process.
pub(crate) fn wait_to_be_killed() -> ! {
    loop {
        // SAFETY: takes no pointers.
        unsafe { libc::pause() };
    }
}

/// Takes on user and group id 0 of the current user namespace, and no other group.
pub(crate) fn become_root_of_the_namespace(_: &SingleThreaded) -> io::Result<()> {
    // The raw calls: one thread is all there is, and that is what they change.
    // SAFETY: an empty list is never read.
    check(unsafe { libc::syscall(libc::SYS_setgroups, 0, ptr::null::<libc::gid_t>()) })?;
    // SAFETY: takes no pointers.
    check(unsafe { libc::syscall(libc::SYS_setresgid, 0, 0, 0) })?;
    // SAFETY: takes no pointers.
    check(unsafe { libc::syscall(libc::SYS_setresuid, 0, 0, 0) }).map(drop)
}

/// Ends this process at once, without exit handlers or destructors.
pub(crate) fn exit_now(code: libc::c_int) -> ! {
    // SAFETY: takes no pointers and does not return.
    unsafe { libc::_exit(code) }
}

/// Becomes another program: `execve(2)`. Returns only when it fails.
pub(crate) fn execute(
    program: &CStr,
    arguments: &[*const libc::c_char],
    environment: &[*const libc::c_char],
) -> io::Error {
    debug_assert!(arguments.last().is_some_and(|last| last.is_null()));
    debug_assert!(environment.last().is_some_and(|last| last.is_null()));
    // SAFETY: both arrays end with a null pointer and point at C strings that the caller keeps alive.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// Leaves the mount namespace of this thread for a copy of it: `unshare(CLONE_NEWNS)`.
pub(crate) fn unshare_mounts() -> io::Result<()> {
    // SAFETY: takes no pointers and changes nothing that memory safety rests on.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) }.into()).map(drop)
}

/// Leaves the network namespace of this thread for a new one: `unshare(CLONE_NEWNET)`.
pub(crate) fn unshare_network() -> io::Result<()> {
    // SAFETY: takes no pointers and changes nothing that memory safety rests on.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) }.into()).map(drop)
}

/// Brings the loopback interface of the socket's network namespace up.
pub(crate) fn loopback_up(socket: &OwnedFd) -> io::Result<()> {
    // SAFETY: all-zero bytes are a valid `ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as i16;
    // SAFETY: SIOCSIFFLAGS reads an `ifreq`, which outlives the call.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as libc::Ioctl, ptr::from_ref(&request)) }.into())
        .map(drop)
}

/// Lets go of the pages of this program that are only read: `madvise(MADV_DONTNEED)`. They come back from its file as
/// they are needed.
pub fn release_program() {
    // SAFETY: the callback is called before this returns, and takes no data.
    unsafe { libc::dl_iterate_phdr(Some(release_object), ptr::null_mut()) };
}

/// Releases the first object only, which is the program itself (dl_iterate_phdr(3)).
extern "C" fn release_object(object: *mut libc::dl_phdr_info, _: libc::size_t, _: *mut libc::c_void) -> libc::c_int {
    // SAFETY: the caller passes a valid structure.
    let object = unsafe { &*object };
    // SAFETY: it says how many headers there are, and where.
    let headers = unsafe { std::slice::from_raw_parts(object.dlpi_phdr, object.dlpi_phnum.into()) };
    for header in headers.iter().filter(|header| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0) {
        let start = object.dlpi_addr + header.p_vaddr;
        let before = start % rustix::param::page_size() as u64;
        let length = (header.p_memsz + before) as usize;
        // SAFETY: what is mapped there is never written to, so that it reads the same from the file.
        unsafe { libc::madvise((start - before) as *mut libc::c_void, length, libc::MADV_DONTNEED) };
    }
    1
}

/// Overwrites the environment strings of this copy, which would stay in its memory and in `/proc/PID/environ`.
pub(crate) fn wipe_environment(_: &Copied) {
    unsafe extern "C" {
        static mut environ: *mut *mut libc::c_char;
    }
    // SAFETY: single-threaded by the caller's proof, so nobody changes the pointer meanwhile.
    let mut entry = unsafe { environ };
    if entry.is_null() {
        return;
    }
    loop {
        // SAFETY: the array ends with a null pointer, which ends this loop.
        let string = unsafe { *entry };
        if string.is_null() {
            return;
        }
        // SAFETY: every entry is a C string in writable memory.
        let length = unsafe { libc::strlen(string) };
        // SAFETY: as above; exactly the bytes before its end are overwritten.
        unsafe { ptr::write_bytes(string, 0, length) };
        // SAFETY: not yet at the end of the array.
        entry = unsafe { entry.add(1) };
    }
}
