//! Checks of single values, the same for a policy file and for a flag.

use crate::deny::DenyText;
use crate::env::{check_name, check_pattern};
use crate::paths::{PathText, check_size};
use crate::profiles::PROFILE_NAMES;
use crate::protect::ProtectText;
use crate::sets::{self, Use};
use crate::text::{Complaint, listed, quoted, unknown};

pub(crate) fn profile(name: &str) -> Result<String, Complaint> {
    if PROFILE_NAMES.contains(&name) {
        return Ok(name.to_owned());
    }
    let hint = format!("known profiles: {}", listed(PROFILE_NAMES.iter().copied()));
    Err(unknown("profile", name, PROFILE_NAMES, &hint))
}

pub(crate) fn path(text: &str, place: Use) -> Result<PathText, Complaint> {
    let path = PathText::parse(text)?;
    if let PathText::Set(name) = &path {
        sets::check(name, place)?;
    }
    Ok(path)
}

pub(crate) fn deny(text: &str) -> Result<DenyText, Complaint> {
    let deny = DenyText::parse(text)?;
    if let DenyText::Set(name) = &deny {
        sets::check(name, Use::Deny)?;
    }
    Ok(deny)
}

pub(crate) fn mask(text: &str) -> Result<DenyText, Complaint> {
    let mask = deny(text)?;
    if let DenyText::Pattern { directories_only: true, exception: false, .. } = &mask {
        let hint = "only files can be masked: write a pattern for the files in it, or hide it with `deny`";
        return Err(Complaint::new(format!("{} is a directory", quoted(text)), hint));
    }
    Ok(mask)
}

pub(crate) fn protect(text: &str) -> Result<ProtectText, Complaint> {
    let protect = ProtectText::parse(text)?;
    if let ProtectText::Set(name) = &protect {
        sets::check(name, Use::Protect)?;
    }
    Ok(protect)
}

pub(crate) fn env_pattern(text: &str) -> Result<String, Complaint> {
    match text.starts_with('@') {
        true => sets::check(text, Use::Env)?,
        false => check_pattern(text)?,
    }
    Ok(text.to_owned())
}

pub(crate) fn env_value(name: &str, value: &str) -> Result<String, Complaint> {
    check_name(name)?;
    check_size(value)?;
    Ok(value.to_owned())
}
