//! Places that one mechanism keeps alone, as they are made, tried and looked at.

use std::io;
use std::path::{Path, PathBuf};

use pinfold_acl::Child;
use pinfold_plan::windows::alone::{Alone, Deed, Dress, Place};

use super::attempt::Expected;
use super::{Breach, Mechanism, deed};

/// The places, each a directory of its own.
#[derive(Debug, Default)]
pub struct Places(Vec<(PathBuf, Place)>);

impl Places {
    /// Makes them in a directory, with which they go. `make` makes something with a list and a label.
    pub fn build(
        directory: &Path,
        planned: Vec<Place>,
        make: &dyn Fn(&Path, Child, &Dress) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut places = Vec::new();
        for place in planned {
            let at = directory.join(name(place.kept_by));
            make(&at, Child::Directory, &place.directory)?;
            for (deed, file) in place.deeds.iter().filter_map(|deed| Some((deed, at.join(deed::file(*deed)?)))) {
                let dress = if *deed == Deed::RemoveByDirectory { &place.guarded } else { &place.file };
                make(&file, Child::File, dress)?;
                deed::fill(&file)?;
            }
            places.push((at, place));
        }
        Ok(Self(places))
    }

    /// What is tried: where nothing keeps it everything should be done, and nothing where one mechanism does.
    pub fn attempts(&self) -> Vec<Expected> {
        let expected = |(at, place, deed): (&PathBuf, &Place, Deed)| Expected {
            attempt: deed::attempt(deed, at),
            done: is_open(place),
            mechanism: mechanism(place.kept_by),
        };
        self.deeds().map(expected).collect()
    }

    /// What is not as it should be, by looking.
    pub fn judge(&self) -> Vec<Breach> {
        let wrong = self.deeds().filter(|(at, place, deed)| deed::was_done(*deed, at) != is_open(place));
        let breach = |(at, place, deed): (&PathBuf, &Place, Deed)| {
            let (at, what) = (at.display(), deed::words(deed));
            let found = match place.kept_by {
                Alone::Nothing => format!("in {at}, which is open to the run, nothing was {what}"),
                Alone::Restriction => format!("in {at}, which nothing else keeps, something was {what}"),
                Alone::Integrity => format!("in {at}, where nothing else keeps files, one was {what}"),
            };
            Breach::new(mechanism(place.kept_by), found)
        };
        wrong.map(breach).collect()
    }

    fn deeds(&self) -> impl Iterator<Item = (&PathBuf, &Place, Deed)> {
        self.0.iter().flat_map(|(at, place)| place.deeds.iter().map(move |deed| (at, place, *deed)))
    }
}

fn is_open(place: &Place) -> bool {
    place.kept_by == Alone::Nothing
}

fn mechanism(kept_by: Alone) -> Mechanism {
    match kept_by {
        Alone::Nothing => Mechanism::Attempt,
        Alone::Restriction => Mechanism::RestrictionAlone,
        Alone::Integrity => Mechanism::IntegrityAlone,
    }
}

fn name(kept_by: Alone) -> &'static str {
    match kept_by {
        Alone::Nothing => "open",
        Alone::Restriction => "kept by restriction",
        Alone::Integrity => "kept by integrity",
    }
}

#[cfg(test)]
mod tests {
    use pinfold_acl::{Acl, Inherit, Label, Level};

    use super::super::attempt::differences;
    use super::*;

    /// As places are planned, and with what really keeps them.
    fn places(name: &str, keeps: impl Fn(Alone) -> bool) -> Vec<Breach> {
        let root = std::env::temp_dir().join(format!("pinfold-alone-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let dress = Dress { dacl: Acl::default(), label: Label::new(Level::LOW, Inherit::NOTHING) };
        let place = |kept_by| Place {
            kept_by,
            directory: dress.clone(),
            file: dress.clone(),
            guarded: dress.clone(),
            deeds: Deed::ALL.into(),
        };
        let planned = [Alone::Nothing, Alone::Restriction, Alone::Integrity].map(place);
        let make = |path: &Path, child, _: &Dress| match child {
            Child::Directory => std::fs::create_dir(path),
            Child::File => std::fs::File::create_new(path).map(drop),
        };
        let places = Places::build(&root, planned.into(), &make).unwrap();
        let attempts = places.attempts();
        let kept_by: Vec<Alone> = places.deeds().map(|(_, place, _)| place.kept_by).collect();
        let told = attempts.iter().zip(kept_by).map(|(expected, kept_by)| match keeps(kept_by) {
            true => "{\"refused\":\"no\"}\n".to_owned(),
            false => serde_json::to_string(&expected.attempt.carry_out(&|_, _| Ok(()))).unwrap() + "\n",
        });
        let told: String = told.collect();
        let (seen, said) = (places.judge(), differences(&attempts, &told));
        let mechanisms = |breaches: &[Breach]| breaches.iter().map(|breach| breach.mechanism).collect::<Vec<_>>();
        assert_eq!(mechanisms(&seen), mechanisms(&said), "what is seen is what is said");
        std::fs::remove_dir_all(root).unwrap();
        seen
    }

    #[test]
    fn where_both_mechanisms_hold_there_is_no_breach() {
        assert_eq!(places("hold", |kept_by| kept_by != Alone::Nothing), []);
    }

    #[test]
    fn the_mechanism_that_does_not_hold_is_named_and_the_other_is_not() {
        let of = |name, broken: Alone| {
            let breaches = places(name, |kept_by| kept_by != Alone::Nothing && kept_by != broken);
            assert_eq!(breaches.len(), Deed::ALL.len());
            assert!(breaches.iter().all(|breach| breach.mechanism == breaches[0].mechanism));
            breaches[0].to_string()
        };
        assert!(of("restriction", Alone::Restriction).starts_with("restricting identifiers by themselves: in "));
        assert!(of("integrity", Alone::Integrity).starts_with("integrity by itself: in "));
    }

    #[test]
    fn places_that_are_shut_for_another_reason_prove_nothing_and_that_is_seen() {
        let breaches = places("shut", |_| true);
        assert_eq!(breaches.len(), Deed::ALL.len());
        assert!(breaches.iter().all(|breach| breach.mechanism == Mechanism::Attempt));
    }
}
