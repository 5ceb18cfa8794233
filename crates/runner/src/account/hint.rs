//! Why no program can be started under an account, and what to do about it.

/// What to do about an error of `CreateProcessWithLogonW`; nothing where the system's own words have to do.
pub fn hint(code: u32) -> Option<&'static str> {
    let hint = match code {
        // ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND
        2 | 3 => {
            "the account does not see the program: install it where every user may read, such as C:\\Program Files, \
             not in a user's own directory"
        }
        // ERROR_ACCESS_DENIED
        5 => {
            "the account may not execute the program, or a rule of this machine (AppLocker, a virus scanner) forbids \
             it: install it where every user may read and execute"
        }
        // ERROR_DIRECTORY
        267 => "the account does not see the directory of the program: install it where every user may read",
        // ERROR_SERVICE_DISABLED
        1058 => {
            "the service Secondary Logon is disabled: as administrator, run `sc.exe config seclogon start= demand`, \
             or ask whoever manages this machine"
        }
        // ERROR_LOGON_FAILURE
        1326 => "the account's password is no longer the one that was stored: run `pinfold setup` again",
        // ERROR_INVALID_ACCOUNT_NAME, ERROR_NO_SUCH_USER, ERROR_NONE_MAPPED
        1315 | 1317 | 1332 => "the account is gone: run `pinfold setup` again",
        // ERROR_ACCOUNT_RESTRICTION, ERROR_INVALID_LOGON_HOURS, ERROR_INVALID_WORKSTATION
        1327..=1329 => "a rule of this machine keeps the account from logging on: ask whoever manages it",
        // ERROR_PASSWORD_EXPIRED, ERROR_PASSWORD_MUST_CHANGE
        1330 | 1907 => "the account's password has expired: run `pinfold setup` again",
        // ERROR_ACCOUNT_DISABLED
        1331 => "the account is disabled: run `pinfold setup` again, or ask whoever manages this machine",
        // ERROR_LOGON_TYPE_NOT_GRANTED
        1385 => {
            "the account may not log on here: in the local security policy, it must have \"Allow log on locally\" and \
             not \"Deny log on locally\""
        }
        // ERROR_ACCOUNT_LOCKED_OUT
        1909 => {
            "the account is locked after too many wrong passwords: wait until it is unlocked, then run `pinfold setup` \
             again"
        }
        _ => return None,
    };
    Some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_have_met_is_explained() {
        for code in [2, 5, 1058, 1326, 1331, 1385, 1909] {
            assert!(hint(code).is_some_and(|hint| hint.contains(':') && !hint.ends_with('.')), "{code}");
        }
        assert_eq!(hint(0), None);
    }
}
