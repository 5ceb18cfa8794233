//! The firewall and the filtering platform of this machine.

use pinfold_plan::windows::filters::Filter;
use pinfold_plan::windows::firewall::Rule;

use super::sys::dispatch::{Apartment, Object};
use super::sys::variant::Value;
use super::sys::{filtering, firewall};
use super::{ThisMachine, rule};
use crate::machine::{Fault, FiltersFound, FirewallPolicy, LocalRules, Network, RuleFound};

/// `NET_FW_PROFILE_TYPE2`.
const PROFILES: [(i32, &str); 3] = [(1, "domain"), (2, "private"), (4, "public")];

impl Network for ThisMachine {
    fn policy(&self) -> Result<FirewallPolicy, Fault> {
        let _apartment = Apartment::enter()?;
        let policy = firewall::policy()?;
        let local_rules = match firewall::modify_state(&policy)? {
            (false, _) => LocalRules::Partly,
            (true, 0) => LocalRules::Count,
            (true, 1) => LocalRules::Overridden,
            (true, 2) => LocalRules::CountOutward,
            (true, other) => LocalRules::Unknown(other),
        };
        let mut off = Vec::new();
        for (profile, name) in PROFILES {
            if !matches!(policy.object().get("FirewallEnabled", vec![Value::Number(profile)])?, Value::Flag(true)) {
                off.push(name);
            }
        }
        Ok(FirewallPolicy { local_rules, off })
    }

    fn rules(&self, names: &[&str]) -> Result<Vec<RuleFound>, Fault> {
        let _apartment = Apartment::enter()?;
        let mut all = Vec::new();
        for object in rules()?.each()? {
            all.extend(rule::found(&object, names)?);
        }
        Ok(all)
    }

    fn add_rule(&mut self, rule: &Rule) -> Result<(), Fault> {
        let _apartment = Apartment::enter()?;
        let object = rule::object_of(rule)?;
        rules()?.call("Add", vec![Value::Object(object)]).map(drop)
    }

    fn remove_rule(&mut self, name: &str) -> Result<(), Fault> {
        let _apartment = Apartment::enter()?;
        rules()?.call("Remove", vec![Value::Text(name.to_owned())]).map(drop)
    }

    fn filters(&self) -> Result<FiltersFound, Fault> {
        filtering::Engine::open()?.found()
    }

    fn replace_filters(&mut self, filters: &[Filter]) -> Result<(), Fault> {
        let engine = filtering::Engine::open()?;
        let change = engine.begin()?;
        change.remove_all()?;
        change.add_all(filters)?;
        change.commit()
    }

    fn remove_filters(&mut self) -> Result<(), Fault> {
        let engine = filtering::Engine::open()?;
        let change = engine.begin()?;
        change.remove_all()?;
        change.commit()
    }
}

/// All rules of the firewall.
fn rules() -> Result<Object, Fault> {
    match firewall::policy()?.object().get("Rules", Vec::new())? {
        Value::Object(rules) => Ok(rules),
        // `E_NOINTERFACE`.
        _ => Err(Fault { call: "Rules", code: 0x8000_4002 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `E_NOTIMPL`.
    const NOT_IMPLEMENTED: u32 = 0x8000_4001;

    /// Wine has the objects, but no firewall, and says so.
    #[test]
    fn the_firewall_is_asked() {
        match ThisMachine.policy() {
            Err(fault) => assert_eq!((fault.call, fault.code), ("get_LocalPolicyModifyState", NOT_IMPLEMENTED)),
            Ok(_) => assert_eq!(ThisMachine.rules(&["a rule that nobody has"]), Ok(Vec::new())),
        }
        let _apartment = Apartment::enter().unwrap();
        rules().unwrap();
    }
}
