//! A window that nobody sees, and messages to it.

use std::io;
use std::ptr::{null, null_mut};
use std::sync::mpsc;
use std::thread::JoinHandle;

use windows_sys::Win32::Foundation::HWND;
use windows_sys::Win32::System::Threading::GetCurrentThreadId;
use windows_sys::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DispatchMessageW, FindWindowW, GetMessageW, GetWindowTextW, MSG, PostThreadMessageW,
    SMTO_ABORTIFHUNG, SendMessageTimeoutW, WM_QUIT, WM_SETTEXT, WS_POPUP,
};

use super::super::wide;

/// How long a window may take to answer, in milliseconds.
const PATIENCE_MS: u32 = 2000;

/// A window of this process, with a thread that answers for it.
#[derive(Debug)]
pub struct Window {
    /// Its handle, which is good in every thread.
    handle: usize,
    thread: u32,
    worker: Option<JoinHandle<()>>,
}

impl Window {
    /// A new one, on the desktop of this process.
    pub fn new(title: &str) -> io::Result<Self> {
        let title = wide(title)?;
        let (told, made) = mpsc::channel();
        let worker = std::thread::spawn(move || {
            let window = create(&title);
            // SAFETY: takes nothing.
            let thread = unsafe { GetCurrentThreadId() };
            let goes_on = window.is_ok();
            if told.send(window.map(|window| (window, thread))).is_ok() && goes_on {
                answer();
            }
        });
        let (handle, thread) = made.recv().unwrap_or_else(|_| Err(io::ErrorKind::NotFound.into()))?;
        Ok(Self { handle, thread, worker: Some(worker) })
    }

    /// What it is called now.
    pub fn title(&self) -> String {
        let mut text = [0_u16; 256];
        let window: HWND = std::ptr::without_provenance_mut(self.handle);
        // SAFETY: the buffer is as long as is said.
        let length = unsafe { GetWindowTextW(window, text.as_mut_ptr(), 256) };
        String::from_utf16_lossy(text.get(..usize::try_from(length).unwrap_or(0)).unwrap_or_default())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: takes no pointers.
        unsafe { PostThreadMessageW(self.thread, WM_QUIT, 0, 0) };
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// Of a class that the system has, so that no code of ours is called by it. The window goes with its thread.
fn create(title: &[u16]) -> io::Result<usize> {
    let class = wide("STATIC")?;
    let nothing = null_mut();
    // SAFETY: both texts have their ends, and what may be missing is.
    let window = unsafe {
        CreateWindowExW(0, class.as_ptr(), title.as_ptr(), WS_POPUP, 0, 0, 0, 0, nothing, nothing, nothing, null())
    };
    if window.is_null() { Err(io::Error::last_os_error()) } else { Ok(window.addr()) }
}

/// Answers messages until it is told to stop.
fn answer() {
    let mut message = MSG::default();
    // SAFETY: `message` is there to be written, and what may be missing is.
    while unsafe { GetMessageW(&raw mut message, null_mut(), 0, 0) } > 0 {
        // SAFETY: the message is one that the system gave.
        unsafe { DispatchMessageW(&raw const message) };
    }
}

/// Gives another title to the window that has this one.
pub fn set_title(from: &str, to: &str) -> io::Result<()> {
    let (from, to) = (wide(from)?, wide(to)?);
    // SAFETY: the text has its end, and what may be missing is.
    let window = unsafe { FindWindowW(null(), from.as_ptr()) };
    if window.is_null() {
        return Err(io::Error::last_os_error());
    }
    let text = to.as_ptr().addr() as isize;
    let mut answer = 0;
    // SAFETY: the text has its end and lives until the call returns, and `answer` is there to be written.
    let sent =
        unsafe { SendMessageTimeoutW(window, WM_SETTEXT, 0, text, SMTO_ABORTIFHUNG, PATIENCE_MS, &raw mut answer) };
    if sent == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
