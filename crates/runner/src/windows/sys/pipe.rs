//! Named pipes.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_INSUFFICIENT_BUFFER;
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, GetKernelObjectSecurity, LABEL_SECURITY_INFORMATION,
    OWNER_SECURITY_INFORMATION, SECURITY_ATTRIBUTES,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX, PIPE_ACCESS_INBOUND, PIPE_ACCESS_OUTBOUND,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, DisconnectNamedPipe, GetNamedPipeClientProcessId, GetNamedPipeHandleStateW,
    GetNamedPipeServerProcessId, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};

use super::{check, owned, size_of};

/// What the system holds for a pipe, in bytes, before a writer waits.
const BUFFER_BYTES: u32 = 64 << 10;

/// Which way the bytes of a pipe go, as seen from its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::windows) enum Direction {
    In,
    Out,
    Both,
}

/// Which one of its name a pipe is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::windows) enum Instance {
    /// There is none of that name, and will be so many.
    First { of: u32 },
    /// This process has made the first.
    Further { of: u32 },
}

/// Makes a pipe with a security descriptor in self-relative form. Nobody opens it from another machine.
pub(in crate::windows) fn create(
    path: &str,
    direction: Direction,
    instance: Instance,
    descriptor: &[u8],
) -> io::Result<OwnedHandle> {
    let path: Vec<u16> = path.encode_utf16().chain([0]).collect();
    let access = match direction {
        Direction::In => PIPE_ACCESS_INBOUND,
        Direction::Out => PIPE_ACCESS_OUTBOUND,
        Direction::Both => PIPE_ACCESS_DUPLEX,
    };
    let (first, most) = match instance {
        Instance::First { of } => (FILE_FLAG_FIRST_PIPE_INSTANCE, of),
        Instance::Further { of } => (0, of),
    };
    // Of words, as the system reads it in place.
    let mut words = vec![0_u32; descriptor.len().div_ceil(4)];
    words.iter_mut().zip(descriptor.chunks(4)).for_each(|(word, bytes)| {
        let mut all = [0; 4];
        all.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
        *word = u32::from_ne_bytes(all);
    });
    let security = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>(),
        lpSecurityDescriptor: words.as_mut_ptr().cast(),
        bInheritHandle: 0,
    };
    // SAFETY: the path ends with a zero, and the descriptor is a whole one; both outlive the call.
    owned(unsafe {
        CreateNamedPipeW(
            path.as_ptr(),
            access | first | FILE_FLAG_OVERLAPPED,
            PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
            most,
            BUFFER_BYTES,
            BUFFER_BYTES,
            0,
            &raw const security,
        )
    })
}

/// The security descriptor that a pipe really has, in self-relative form.
pub(in crate::windows) fn descriptor(pipe: BorrowedHandle<'_>) -> io::Result<Vec<u8>> {
    let parts = OWNER_SECURITY_INFORMATION
        | GROUP_SECURITY_INFORMATION
        | DACL_SECURITY_INFORMATION
        | LABEL_SECURITY_INFORMATION;
    let pipe = pipe.as_raw_handle();
    let mut size = 0;
    // SAFETY: without a buffer, only the size that is needed is written.
    let asked = check(unsafe { GetKernelObjectSecurity(pipe, parts, ptr::null_mut(), 0, &raw mut size) });
    if let Err(error) = asked
        && error.raw_os_error() != Some(ERROR_INSUFFICIENT_BUFFER as i32)
    {
        return Err(error);
    }
    let mut bytes = vec![0; size as usize];
    // SAFETY: the buffer has that size.
    check(unsafe { GetKernelObjectSecurity(pipe, parts, bytes.as_mut_ptr().cast(), size, &raw mut size) })?;
    Ok(bytes)
}

/// How many pipes of its name there are.
pub(in crate::windows) fn instances(pipe: BorrowedHandle<'_>) -> io::Result<u32> {
    let mut count = 0;
    let nothing = ptr::null_mut();
    // SAFETY: the number is written to a place that outlives the call, and null stands for what is not asked for.
    check(unsafe {
        GetNamedPipeHandleStateW(pipe.as_raw_handle(), nothing, &raw mut count, nothing, nothing, ptr::null_mut(), 0)
    })?;
    Ok(count)
}

/// Turns away whoever has opened a pipe, so that somebody else can.
pub(in crate::windows) fn disconnect(pipe: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: takes a handle that is open by its lifetime.
    check(unsafe { DisconnectNamedPipe(pipe.as_raw_handle()) })
}

/// The process at the other end of a pipe that this one has made.
pub(in crate::windows) fn client(pipe: BorrowedHandle<'_>) -> io::Result<u32> {
    let mut pid = 0;
    // SAFETY: the number is written to a place that outlives the call.
    check(unsafe { GetNamedPipeClientProcessId(pipe.as_raw_handle(), &raw mut pid) })?;
    Ok(pid)
}

/// The process that has made a pipe which this one has opened.
pub(in crate::windows) fn server(pipe: BorrowedHandle<'_>) -> io::Result<u32> {
    let mut pid = 0;
    // SAFETY: the number is written to a place that outlives the call.
    check(unsafe { GetNamedPipeServerProcessId(pipe.as_raw_handle(), &raw mut pid) })?;
    Ok(pid)
}
