//! Transfers that go on while something else is waited for.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle};
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_PIPE_CONNECTED};
use windows_sys::Win32::Storage::FileSystem::{ReadFile, WriteFile};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::ConnectNamedPipe;
use windows_sys::core::BOOL;

use super::{check, wait};

/// A transfer that goes on. The system writes to what it holds until that has ended, so it waits for the end when it is
/// dropped.
#[derive(Debug)]
pub(in crate::windows) struct Pending<'a> {
    pipe: BorrowedHandle<'a>,
    /// In a place of its own, which is the system's until the end.
    overlapped: *mut OVERLAPPED,
}

impl<'a> Pending<'a> {
    /// Begins one, of which the end is signalled by `done`.
    fn begin(
        pipe: BorrowedHandle<'a>,
        done: BorrowedHandle<'a>,
        call: impl FnOnce(*mut OVERLAPPED) -> BOOL,
    ) -> io::Result<Self> {
        let overlapped = Box::into_raw(Box::new(OVERLAPPED { hEvent: done.as_raw_handle(), ..OVERLAPPED::default() }));
        match check(call(overlapped)) {
            Err(error) if error.raw_os_error() != Some(ERROR_IO_PENDING as i32) => {
                free(overlapped);
                Err(error)
            }
            _ => Ok(Self { pipe, overlapped }),
        }
    }

    /// Waits for the end; cancels it before, if so wished. Gives the number of bytes.
    pub(in crate::windows) fn end(mut self, cancel: bool) -> io::Result<usize> {
        self.settle(cancel)
    }

    /// Waits for the end, or until `instead` is signalled; nothing when it was cancelled for that.
    fn end_unless(self, done: BorrowedHandle<'_>, instead: BorrowedHandle<'_>) -> io::Result<Option<usize>> {
        let first = wait::for_any([done, instead], Duration::MAX);
        let cancelled = !matches!(first, Ok(Some(0)));
        match (self.end(cancelled), first?) {
            (Ok(bytes), _) => Ok(Some(bytes)),
            (Err(error), Some(0)) => Err(error),
            (Err(_), _) => Ok(None),
        }
    }

    fn settle(&mut self, cancel: bool) -> io::Result<usize> {
        let overlapped = std::mem::replace(&mut self.overlapped, ptr::null_mut());
        if overlapped.is_null() {
            return Ok(0);
        }
        if cancel {
            // SAFETY: the handle is open by its lifetime, and the structure is that of the transfer. In vain where that
            // has ended.
            unsafe { CancelIoEx(self.pipe.as_raw_handle(), overlapped) };
        }
        let mut bytes = 0;
        // SAFETY: likewise; the number is written to a place that outlives the call.
        let ended = check(unsafe { GetOverlappedResult(self.pipe.as_raw_handle(), overlapped, &raw mut bytes, 1) });
        free(overlapped);
        ended.map(|()| bytes as usize)
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let _ = self.settle(true);
    }
}

/// Gives a structure back that no transfer uses any more.
fn free(overlapped: *mut OVERLAPPED) {
    // SAFETY: it comes from a box, and its only user has let go of it.
    drop(unsafe { Box::from_raw(overlapped) });
}

/// Begins to wait for somebody who opens a pipe; nothing when somebody has.
pub(in crate::windows) fn connect<'a>(
    pipe: BorrowedHandle<'a>,
    done: BorrowedHandle<'a>,
) -> io::Result<Option<Pending<'a>>> {
    // SAFETY: the structure stays where it is until the transfer has ended.
    let begun = Pending::begin(pipe, done, |overlapped| unsafe { ConnectNamedPipe(pipe.as_raw_handle(), overlapped) });
    match begun {
        Err(error) if error.raw_os_error() == Some(ERROR_PIPE_CONNECTED as i32) => Ok(None),
        begun => begun.map(Some),
    }
}

/// Reads what is there, or waits until something is.
pub(in crate::windows) fn read(
    pipe: BorrowedHandle<'_>,
    done: BorrowedHandle<'_>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    begin_to_read(pipe, done, buffer)?.end(false)
}

/// The same, unless `instead` is signalled before: then nothing.
pub(in crate::windows) fn read_unless(
    pipe: BorrowedHandle<'_>,
    done: BorrowedHandle<'_>,
    instead: BorrowedHandle<'_>,
    buffer: &mut [u8],
) -> io::Result<Option<usize>> {
    begin_to_read(pipe, done, buffer)?.end_unless(done, instead)
}

/// Writes some of it.
pub(in crate::windows) fn write(pipe: BorrowedHandle<'_>, done: BorrowedHandle<'_>, bytes: &[u8]) -> io::Result<usize> {
    begin_to_write(pipe, done, bytes)?.end(false)
}

/// The same, unless `instead` is signalled before: then nothing.
pub(in crate::windows) fn write_unless(
    pipe: BorrowedHandle<'_>,
    done: BorrowedHandle<'_>,
    instead: BorrowedHandle<'_>,
    bytes: &[u8],
) -> io::Result<Option<usize>> {
    begin_to_write(pipe, done, bytes)?.end_unless(done, instead)
}

fn begin_to_read<'a>(
    pipe: BorrowedHandle<'a>,
    done: BorrowedHandle<'a>,
    buffer: &'a mut [u8],
) -> io::Result<Pending<'a>> {
    let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    let to = buffer.as_mut_ptr();
    // SAFETY: the buffer has at least that length and is borrowed as long as the transfer lives, which waits for its own
    // end.
    let call = |overlapped| unsafe { ReadFile(pipe.as_raw_handle(), to, length, ptr::null_mut(), overlapped) };
    Pending::begin(pipe, done, call)
}

fn begin_to_write<'a>(pipe: BorrowedHandle<'a>, done: BorrowedHandle<'a>, bytes: &'a [u8]) -> io::Result<Pending<'a>> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let from = bytes.as_ptr();
    // SAFETY: the bytes have at least that length and are borrowed as long as the transfer lives, which waits for its own
    // end.
    let call = |overlapped| unsafe { WriteFile(pipe.as_raw_handle(), from, length, ptr::null_mut(), overlapped) };
    Pending::begin(pipe, done, call)
}
