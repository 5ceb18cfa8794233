//! The calls behind: ioctl(2) on a listener, process_vm_readv(2).
#![allow(unsafe_code, reason = "raw system calls; each block says why it is sound")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use rustix::ioctl::opcode;
use rustix::process::Pid;

use super::memory::Piece;

/// The letter of seccomp's requests (`linux/seccomp.h`).
const SECCOMP: u8 = b'!';
/// `SCHED_FLAG_KEEP_POLICY` (`linux/sched.h`).
const KEEP_POLICY: u64 = 8;

/// Waits for a notice: `SECCOMP_IOCTL_NOTIF_RECV`.
pub(super) fn receive(listener: BorrowedFd<'_>) -> io::Result<libc::seccomp_notif> {
    // SAFETY: all-zero bytes are a valid `seccomp_notif`, and the kernel asks for such.
    let mut notice: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    let request = opcode::read_write::<libc::seccomp_notif>(SECCOMP, 0);
    // SAFETY: the request carries the size of what the kernel writes, which outlives the call.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), request as libc::Ioctl, ptr::from_mut(&mut notice)) })?;
    Ok(notice)
}

/// Lets the kernel carry the call out, or fails it with an error number: `SECCOMP_IOCTL_NOTIF_SEND`, in the first case
/// with `SECCOMP_USER_NOTIF_FLAG_CONTINUE`.
pub(super) fn answer(listener: BorrowedFd<'_>, id: u64, errno: Option<i32>) -> io::Result<()> {
    let flags = if errno.is_none() { libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32 } else { 0 };
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: -errno.unwrap_or(0), flags };
    let request = opcode::read_write::<libc::seccomp_notif_resp>(SECCOMP, 1);
    // SAFETY: the request carries the size of what the kernel reads, which outlives the call.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), request as libc::Ioctl, ptr::from_mut(&mut answer)) })
}

/// Asks for turns of so many nanoseconds on a processor for this thread: sched_setattr(2).
pub(super) fn take_turns_of(nanoseconds: u64) -> io::Result<()> {
    let attributes = libc::sched_attr {
        size: size_of::<libc::sched_attr>() as u32,
        sched_policy: 0,
        sched_flags: KEEP_POLICY,
        sched_nice: rustix::process::getpriority_process(None)?,
        sched_priority: 0,
        sched_runtime: nanoseconds,
        sched_deadline: 0,
        sched_period: 0,
    };
    // SAFETY: the kernel reads `attributes`, which says its own size.
    let done = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, ptr::from_ref(&attributes), 0) };
    if done == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Copies pieces of the memory of a process; fails when one of them is not there.
pub(super) fn read_memory(process: Pid, pieces: &[Piece]) -> io::Result<Vec<Vec<u8>>> {
    let mut copies: Vec<Vec<u8>> = pieces.iter().map(|piece| vec![0; piece.length]).collect();
    let local: Vec<_> =
        copies.iter_mut().map(|copy| libc::iovec { iov_base: copy.as_mut_ptr().cast(), iov_len: copy.len() }).collect();
    let there = |piece: &Piece| libc::iovec { iov_base: piece.address as *mut _, iov_len: piece.length };
    let remote: Vec<_> = pieces.iter().map(there).collect();
    // SAFETY: the kernel writes into `copies` only, whose addresses and lengths `local` holds; the addresses in the
    // other process are its own affair.
    let copied = unsafe {
        libc::syscall(
            libc::SYS_process_vm_readv,
            process.as_raw_nonzero().get(),
            local.as_ptr(),
            local.len(),
            remote.as_ptr(),
            remote.len(),
            0 as libc::c_ulong,
        )
    };
    let wanted: usize = pieces.iter().map(|piece| piece.length).sum();
    match usize::try_from(copied) {
        Ok(copied) if copied == wanted => Ok(copies),
        Ok(_) => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
