//! x
pub(super) fn attack(_: &crate::args::DoctorArgs) -> Result<std::process::ExitCode, crate::error::CliError> {
    Err(crate::error::CliError::new("x"))
}
