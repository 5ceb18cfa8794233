//! Why the one who tries has said nothing.

/// `STATUS_DLL_INIT_FAILED`: most often `user32.dll` found no desktop that it may use.
const NO_DESKTOP: u32 = 0xc000_0142;

/// What its exit code tells.
pub fn why(code: u32) -> String {
    let ended = format!("the one who tries has ended with {code:#x} and said nothing");
    match code {
        NO_DESKTOP => format!(
            "{ended}: this session has no desktop that confined programs can use, as that of a service or of ssh; \
             start pinfold where somebody has logged on, at the screen or by Remote Desktop"
        ),
        _ => ended,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_without_a_desktop_is_told_from_other_reasons() {
        assert!(why(0xc000_0142).contains("Remote Desktop"));
        assert_eq!(why(1), "the one who tries has ended with 0x1 and said nothing");
    }
}
