//! Access tokens: asked about, and one made of another that can do less.

use std::io;
use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use pinfold_acl::{Acl, Level, Sid};
use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, GetLastError, HANDLE, LUID, SetLastError};
use windows_sys::Win32::Security::{
    ACL, AdjustTokenPrivileges, CreateRestrictedToken, GetTokenInformation, IsTokenRestricted, LUA_TOKEN,
    LUID_AND_ATTRIBUTES, LookupPrivilegeNameW, SE_PRIVILEGE_ENABLED, SID_AND_ATTRIBUTES, SetTokenInformation,
    TOKEN_ACCESS_MASK, TOKEN_ADJUST_DEFAULT, TOKEN_ADJUST_PRIVILEGES, TOKEN_ASSIGN_PRIMARY, TOKEN_DEFAULT_DACL,
    TOKEN_DUPLICATE, TOKEN_INFORMATION_CLASS, TOKEN_MANDATORY_LABEL, TOKEN_PRIVILEGES, TOKEN_QUERY, TokenDefaultDacl,
    TokenElevation, TokenGroups, TokenIntegrityLevel, TokenPrivileges, TokenRestrictedSids, TokenUser,
    WRITE_RESTRICTED,
};
use windows_sys::Win32::System::SystemServices::SE_GROUP_INTEGRITY;
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::{check, owned, size_of};

/// A primary token.
#[derive(Debug)]
pub(in crate::windows) struct Token(pub(super) OwnedHandle);

/// An identifier in a token, with its attributes (`SE_GROUP_…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::windows) struct Membership {
    pub(in crate::windows) sid: Sid,
    pub(in crate::windows) attributes: u32,
}

/// A privilege in a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::windows) struct Privilege {
    pub(in crate::windows) name: String,
    pub(in crate::windows) enabled: bool,
    number: (u32, i32),
}

/// What is taken from a token.
#[derive(Debug, Clone, Default)]
pub(in crate::windows) struct Less {
    pub(in crate::windows) write_restricted: bool,
    pub(in crate::windows) least_privilege: bool,
    pub(in crate::windows) deny_only: Vec<Sid>,
    pub(in crate::windows) privileges: Vec<Privilege>,
    pub(in crate::windows) restricting: Vec<Sid>,
}

impl Token {
    /// That of this process.
    pub(in crate::windows) fn own() -> io::Result<Self> {
        let access =
            TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT | TOKEN_ADJUST_PRIVILEGES;
        // SAFETY: takes no pointers, and gives a handle that is never closed.
        Self::of(unsafe { GetCurrentProcess() }, access)
    }

    /// That of a process, to do some things with it.
    pub(super) fn of(process: HANDLE, access: TOKEN_ACCESS_MASK) -> io::Result<Self> {
        let mut token: HANDLE = null_mut();
        // SAFETY: the handle is open, and `token` is there to be written.
        check(unsafe { OpenProcessToken(process, access, &raw mut token) })?;
        Ok(Self(owned(token)?))
    }

    /// Another one that can do less.
    pub(in crate::windows) fn lessened(&self, less: &Less) -> io::Result<Self> {
        let flags =
            if less.write_restricted { WRITE_RESTRICTED } else { 0 } | if less.least_privilege { LUA_TOKEN } else { 0 };
        let (deny_only, restricting) = (Sids::new(&less.deny_only), Sids::new(&less.restricting));
        let (deny_only, restricting) = (deny_only.list(0), restricting.list(0));
        let privileges: Vec<LUID_AND_ATTRIBUTES> = less.privileges.iter().map(|one| one.to_raw(0)).collect();
        let mut token: HANDLE = null_mut();
        // SAFETY: the lists are as long as is said and live until the call returns, and `token` is there to be written.
        check(unsafe {
            CreateRestrictedToken(
                self.0.as_raw_handle(),
                flags,
                deny_only.len() as u32,
                deny_only.as_ptr(),
                privileges.len() as u32,
                privileges.as_ptr(),
                restricting.len() as u32,
                restricting.as_ptr(),
                &raw mut token,
            )
        })?;
        Ok(Self(owned(token)?))
    }

    /// Lowers its integrity.
    pub(in crate::windows) fn set_integrity(&self, level: Level) -> io::Result<()> {
        let mut sid = Sid::new(16, &[level.0]).expect("one part is not too many").to_bytes();
        let label = SID_AND_ATTRIBUTES { Sid: sid.as_mut_ptr().cast(), Attributes: SE_GROUP_INTEGRITY as u32 };
        self.set(TokenIntegrityLevel, &TOKEN_MANDATORY_LABEL { Label: label })
    }

    /// Sets the list of what is made with it and gets none.
    pub(in crate::windows) fn set_default_list(&self, list: &Acl) -> io::Result<()> {
        let too_large = || io::Error::new(io::ErrorKind::InvalidInput, "the list is too large");
        let mut list = list.to_bytes().ok_or_else(too_large)?;
        self.set(TokenDefaultDacl, &TOKEN_DEFAULT_DACL { DefaultDacl: list.as_mut_ptr().cast::<ACL>() })
    }

    fn set<T>(&self, class: TOKEN_INFORMATION_CLASS, value: &T) -> io::Result<()> {
        // SAFETY: each class comes with its structure, which is as large as is said, and what it points to lives until the
        // call returns.
        check(unsafe { SetTokenInformation(self.0.as_raw_handle(), class, (&raw const *value).cast(), size_of::<T>()) })
    }

    /// Makes a privilege count that is there.
    pub(in crate::windows) fn enable(&self, privilege: &Privilege) -> io::Result<()> {
        self.enable_raw(privilege.to_raw(SE_PRIVILEGE_ENABLED))
    }

    /// The same by its number.
    pub(super) fn enable_raw(&self, privilege: LUID_AND_ATTRIBUTES) -> io::Result<()> {
        let state = TOKEN_PRIVILEGES { PrivilegeCount: 1, Privileges: [privilege] };
        // SAFETY: takes no pointers.
        unsafe { SetLastError(0) };
        // SAFETY: the structure is as large as it says, and what may be missing is.
        check(unsafe {
            AdjustTokenPrivileges(self.0.as_raw_handle(), 0, &raw const state, 0, null_mut(), null_mut())
        })?;
        // The call succeeds even where the token has no such privilege, and says so this way only.
        // SAFETY: takes no pointers.
        match unsafe { GetLastError() } {
            ERROR_NOT_ALL_ASSIGNED => Err(io::Error::from_raw_os_error(ERROR_NOT_ALL_ASSIGNED as i32)),
            _ => Ok(()),
        }
    }

    /// Whether it has restricting identifiers.
    pub(in crate::windows) fn is_restricted(&self) -> bool {
        // SAFETY: the handle is open.
        unsafe { IsTokenRestricted(self.0.as_raw_handle()) != 0 }
    }

    /// Whether it is that of an administrator who has confirmed it.
    pub(in crate::windows) fn is_elevated(&self) -> io::Result<bool> {
        Ok(self.information(TokenElevation)?.number(0)? != 0)
    }

    /// Its user.
    pub(in crate::windows) fn user(&self) -> io::Result<Sid> {
        self.information(TokenUser)?.sid(0)
    }

    /// Its groups.
    pub(in crate::windows) fn groups(&self) -> io::Result<Vec<Membership>> {
        self.information(TokenGroups)?.memberships()
    }

    /// Its restricting identifiers.
    pub(in crate::windows) fn restricting(&self) -> io::Result<Vec<Sid>> {
        let restricting = self.information(TokenRestrictedSids)?.memberships()?;
        Ok(restricting.into_iter().map(|membership| membership.sid).collect())
    }

    /// Its privileges.
    pub(in crate::windows) fn privileges(&self) -> io::Result<Vec<Privilege>> {
        let found = self.information(TokenPrivileges)?;
        let one = |index: usize| {
            let at = 4 + 12 * index;
            let number = (found.number(at)?, found.number(at + 4)? as i32);
            let enabled = found.number(at + 8)? & SE_PRIVILEGE_ENABLED != 0;
            Ok(Privilege { name: name(number)?, enabled, number })
        };
        (0..found.number(0)? as usize).map(one).collect()
    }

    /// Its integrity.
    pub(in crate::windows) fn integrity(&self) -> io::Result<Level> {
        let label = self.information(TokenIntegrityLevel)?.sid(0)?;
        label.parts().last().map(|level| Level(*level)).ok_or_else(malformed)
    }

    /// The list of what is made with it and gets none.
    pub(in crate::windows) fn default_list(&self) -> io::Result<Acl> {
        let found = self.information(TokenDefaultDacl)?;
        Acl::parse(found.pointed_to(0)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn information(&self, class: TOKEN_INFORMATION_CLASS) -> io::Result<Information> {
        let mut bytes = vec![0_u8; 256];
        loop {
            let mut length = 0;
            // SAFETY: the buffer is as long as is said, and aligned as the allocator aligns everything.
            let result = check(unsafe {
                GetTokenInformation(
                    self.0.as_raw_handle(),
                    class,
                    bytes.as_mut_ptr().cast(),
                    bytes.len() as u32,
                    &raw mut length,
                )
            });
            match result {
                Ok(()) => return Ok(Information(bytes)),
                Err(_) if length as usize > bytes.len() => bytes.resize(length as usize, 0),
                Err(error) => return Err(error),
            }
        }
    }
}

/// What the system says of a token: structures whose pointers lead to places behind them.
struct Information(Vec<u8>);

impl Information {
    fn number(&self, at: usize) -> io::Result<u32> {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(malformed)?;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// The rest of it from where a pointer leads.
    fn pointed_to(&self, at: usize) -> io::Result<&[u8]> {
        let bytes = self.0.get(at..).and_then(|rest| rest.first_chunk()).ok_or_else(malformed)?;
        let place = usize::from_le_bytes(*bytes).wrapping_sub(self.0.as_ptr().addr());
        self.0.get(place..).ok_or_else(malformed)
    }

    fn sid(&self, at: usize) -> io::Result<Sid> {
        Sid::parse(self.pointed_to(at)?).map_err(|_| malformed())
    }

    /// A number, and so many identifiers with attributes, each aligned as its pointer is.
    fn memberships(&self) -> io::Result<Vec<Membership>> {
        let one = |index: usize| {
            let at = align_of::<SID_AND_ATTRIBUTES>() + std::mem::size_of::<SID_AND_ATTRIBUTES>() * index;
            Ok(Membership { sid: self.sid(at)?, attributes: self.number(at + std::mem::size_of::<usize>())? })
        };
        (0..self.number(0)? as usize).map(one).collect()
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the system says something about a token that is not understood")
}

impl Privilege {
    fn to_raw(&self, attributes: u32) -> LUID_AND_ATTRIBUTES {
        let (low, high) = self.number;
        LUID_AND_ATTRIBUTES { Luid: LUID { LowPart: low, HighPart: high }, Attributes: attributes }
    }
}

/// What a privilege is called.
fn name((low, high): (u32, i32)) -> io::Result<String> {
    let number = LUID { LowPart: low, HighPart: high };
    let mut buffer = [0_u16; 128];
    let mut length = buffer.len() as u32;
    // SAFETY: the buffer is as long as is said, and what may be missing is.
    check(unsafe { LookupPrivilegeNameW(null(), &raw const number, buffer.as_mut_ptr(), &raw mut length) })?;
    Ok(String::from_utf16_lossy(buffer.get(..length as usize).unwrap_or_default()))
}

/// Identifiers in their binary forms.
struct Sids(Vec<Vec<u8>>);

impl Sids {
    fn new(sids: &[Sid]) -> Self {
        Self(sids.iter().map(Sid::to_bytes).collect())
    }

    /// As a call wants them, which reads them only.
    fn list(&self, attributes: u32) -> Vec<SID_AND_ATTRIBUTES> {
        let one = |sid: &Vec<u8>| SID_AND_ATTRIBUTES { Sid: sid.as_ptr().cast_mut().cast(), Attributes: attributes };
        self.0.iter().map(one).collect()
    }
}
