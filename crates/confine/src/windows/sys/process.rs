//! Processes: started with everything given, and waited for.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, OwnedHandle};
use std::ptr::null;

use windows_sys::Win32::Foundation::{HANDLE, WAIT_FAILED};
use windows_sys::Win32::System::Threading::{
    CREATE_NO_WINDOW, CREATE_SUSPENDED, CREATE_UNICODE_ENVIRONMENT, CreateProcessAsUserW, CreateProcessW,
    DeleteProcThreadAttributeList, EXTENDED_STARTUPINFO_PRESENT, GetExitCodeProcess, INFINITE,
    InitializeProcThreadAttributeList, LPPROC_THREAD_ATTRIBUTE_LIST, OpenProcess, PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
    PROC_THREAD_ATTRIBUTE_JOB_LIST, PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE,
    PROCESS_ACCESS_RIGHTS, PROCESS_INFORMATION, ResumeThread, STARTF_USESTDHANDLES, STARTUPINFOEXW,
    UpdateProcThreadAttribute, WaitForSingleObject,
};

use super::console::PseudoConsole;
use super::job::Job;
use super::token::Token;
use super::{check, owned, wide};

/// `PROCESS_CREATION_MITIGATION_POLICY_EXTENSION_POINT_DISABLE_ALWAYS_ON` (winbase.h).
pub(in crate::windows) const NO_EXTENSION_POINTS: u64 = 1 << 32;
/// `PROCESS_CREATION_MITIGATION_POLICY_IMAGE_LOAD_NO_REMOTE_ALWAYS_ON` (winbase.h).
pub(in crate::windows) const NO_REMOTE_IMAGES: u64 = 1 << 52;

/// How a process is started.
#[derive(Debug)]
pub(in crate::windows) struct Start<'a> {
    /// With which token; that of the caller when there is none.
    pub(in crate::windows) token: Option<&'a Token>,
    /// The file that is executed.
    pub(in crate::windows) program: &'a str,
    /// What it finds as its command line.
    pub(in crate::windows) command_line: &'a str,
    /// Its block of variables, with its end.
    pub(in crate::windows) environment: &'a [u16],
    /// Its current directory.
    pub(in crate::windows) directory: &'a str,
    /// What it reads and writes, and all that it inherits.
    pub(in crate::windows) stdio: Stdio<'a>,
    /// The desktop that it is on.
    pub(in crate::windows) desktop: Option<&'a str>,
    /// The job that it is in from its beginning.
    pub(in crate::windows) job: &'a Job,
    /// What it does without ([`NO_EXTENSION_POINTS`]).
    pub(in crate::windows) mitigations: u64,
}

/// What a process reads and writes.
#[derive(Debug)]
pub(in crate::windows) enum Stdio<'a> {
    /// Input, output and error, all inheritable. It has a console that nobody sees.
    Handles([BorrowedHandle<'a>; 3]),
    /// A console.
    Console(&'a PseudoConsole),
}

/// A process.
#[derive(Debug)]
pub(in crate::windows) struct Process {
    handle: OwnedHandle,
    /// Its number.
    pub(in crate::windows) id: u32,
}

/// A handle to the process with this number.
pub(super) fn open(process: u32, access: PROCESS_ACCESS_RIGHTS) -> io::Result<OwnedHandle> {
    // SAFETY: takes no pointers.
    owned(unsafe { OpenProcess(access, 0, process) })
}

/// One whose first thread has not begun.
#[derive(Debug)]
pub(super) struct Suspended {
    pub(super) process: Process,
    thread: OwnedHandle,
}

impl Start<'_> {
    /// Suspended, looked at, and let go: nothing of it runs outside of the job.
    pub(in crate::windows) fn begin(&self) -> io::Result<Process> {
        let suspended = self.suspended()?;
        match self.job.holds(&suspended.process)? {
            true => suspended.resume(),
            false => Err(io::Error::other("it is not in the job")),
        }
    }

    /// Makes the process, which does nothing yet.
    pub(super) fn suspended(&self) -> io::Result<Suspended> {
        let (program, directory) = (wide(self.program)?, wide(self.directory)?);
        // The call may write into it.
        let mut command_line = wide(self.command_line)?;
        let mut desktop = self.desktop.map(wide).transpose()?;
        let (jobs, handles) = ([self.job.handle.as_raw_handle()], self.inherited());
        let mut attributes = Attributes::with_room_for(4)?;
        attributes.add(PROC_THREAD_ATTRIBUTE_JOB_LIST, &jobs)?;
        attributes.add(PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, std::slice::from_ref(&self.mitigations))?;
        match &self.stdio {
            Stdio::Handles(_) => attributes.add(PROC_THREAD_ATTRIBUTE_HANDLE_LIST, &handles)?,
            Stdio::Console(console) => attributes.add_itself(PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, console.0)?,
        }
        let mut startup = self.startup(&mut attributes);
        startup.StartupInfo.lpDesktop = desktop.as_mut().map_or(std::ptr::null_mut(), Vec::as_mut_ptr);
        let inherits = i32::from(matches!(self.stdio, Stdio::Handles(_)));
        let hidden = if inherits != 0 { CREATE_NO_WINDOW } else { 0 };
        let flags = CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT | hidden;
        let mut made = PROCESS_INFORMATION::default();
        let startup = (&raw const startup.StartupInfo, &raw mut made);
        let texts = (program.as_ptr(), command_line.as_mut_ptr(), directory.as_ptr());
        let block = self.environment.as_ptr().cast::<c_void>();
        check(match self.token {
            // SAFETY: all texts, the block and the attributes have their ends and live until the call returns.
            Some(token) => unsafe {
                CreateProcessAsUserW(
                    token.0.as_raw_handle(),
                    texts.0,
                    texts.1,
                    null(),
                    null(),
                    inherits,
                    flags,
                    block,
                    texts.2,
                    startup.0,
                    startup.1,
                )
            },
            // SAFETY: all texts, the block and the attributes have their ends and live until the call returns.
            None => unsafe {
                CreateProcessW(texts.0, texts.1, null(), null(), inherits, flags, block, texts.2, startup.0, startup.1)
            },
        })?;
        let process = Process { handle: owned(made.hProcess)?, id: made.dwProcessId };
        Ok(Suspended { process, thread: owned(made.hThread)? })
    }

    /// Each once, as the list may have none twice.
    fn inherited(&self) -> Vec<HANDLE> {
        let Stdio::Handles(handles) = &self.stdio else { return Vec::new() };
        let mut handles: Vec<HANDLE> = handles.iter().map(|handle| handle.as_raw_handle()).collect();
        handles.sort();
        handles.dedup();
        handles
    }

    fn startup(&self, attributes: &mut Attributes<'_>) -> STARTUPINFOEXW {
        let mut startup = STARTUPINFOEXW { lpAttributeList: attributes.pointer(), ..STARTUPINFOEXW::default() };
        startup.StartupInfo.cb = super::size_of::<STARTUPINFOEXW>();
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        [startup.StartupInfo.hStdInput, startup.StartupInfo.hStdOutput, startup.StartupInfo.hStdError] =
            match &self.stdio {
                Stdio::Handles(handles) => handles.map(|handle| handle.as_raw_handle()),
                // With nothing here it gets those of its console, and without the flag it might get ours.
                Stdio::Console(_) => [std::ptr::null_mut(); 3],
            };
        startup
    }
}

impl Suspended {
    /// Lets it begin.
    pub(super) fn resume(self) -> io::Result<Process> {
        // SAFETY: the handle is open.
        match unsafe { ResumeThread(self.thread.as_raw_handle()) } {
            u32::MAX => Err(io::Error::last_os_error()),
            _ => Ok(self.process),
        }
    }
}

impl Process {
    /// Waits for its end, and gives its exit code.
    pub(in crate::windows) fn wait(&self) -> io::Result<u32> {
        // SAFETY: the handle is open.
        if unsafe { WaitForSingleObject(self.handle.as_raw_handle(), INFINITE) } == WAIT_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mut code = 0;
        // SAFETY: the handle is open, and `code` is there to be written.
        check(unsafe { GetExitCodeProcess(self.handle.as_raw_handle(), &raw mut code) })?;
        Ok(code)
    }
}

impl AsHandle for Process {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

/// What a process is started with besides, as a list that only the system knows the form of.
pub(super) struct Attributes<'a> {
    list: Vec<u64>,
    values: std::marker::PhantomData<&'a ()>,
}

impl<'a> Attributes<'a> {
    pub(super) fn with_room_for(count: u32) -> io::Result<Self> {
        let mut bytes = 0;
        // SAFETY: without a list it only says how large one would be, and fails with that.
        unsafe { InitializeProcThreadAttributeList(std::ptr::null_mut(), count, 0, &raw mut bytes) };
        let mut list = vec![0_u64; bytes.div_ceil(size_of::<u64>()) + 1];
        // SAFETY: the list is as large as the call has said.
        check(unsafe { InitializeProcThreadAttributeList(list.as_mut_ptr().cast(), count, 0, &raw mut bytes) })?;
        Ok(Self { list, values: std::marker::PhantomData })
    }

    pub(super) fn pointer(&mut self) -> LPPROC_THREAD_ATTRIBUTE_LIST {
        self.list.as_mut_ptr().cast()
    }

    pub(super) fn add<T>(&mut self, attribute: u32, values: &'a [T]) -> io::Result<()> {
        // SAFETY: the values live as long as the list, and are as large as is said.
        unsafe { self.update(attribute, values.as_ptr().cast(), size_of_val(values)) }
    }

    /// For the attribute whose value is handed over in the place of a pointer to it.
    fn add_itself(&mut self, attribute: u32, value: isize) -> io::Result<()> {
        // SAFETY: this one is not followed.
        unsafe { self.update(attribute, std::ptr::without_provenance(value as usize), size_of::<isize>()) }
    }

    /// # Safety
    /// What the pointer leads to must live as long as the list.
    unsafe fn update(&mut self, attribute: u32, value: *const c_void, bytes: usize) -> io::Result<()> {
        let (list, nowhere) = (self.pointer(), std::ptr::null_mut());
        // SAFETY: the list is whole, and the caller answers for the value.
        check(unsafe { UpdateProcThreadAttribute(list, 0, attribute as usize, value, bytes, nowhere, null()) })
    }
}

impl Drop for Attributes<'_> {
    fn drop(&mut self) {
        // SAFETY: it is whole, and nobody uses it after this.
        unsafe { DeleteProcThreadAttributeList(self.pointer()) };
    }
}
