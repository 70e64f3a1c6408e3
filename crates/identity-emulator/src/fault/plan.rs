//! The rules in force and their counts.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Effect, Facts, Fault};

/// All rules of one emulator, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultPlan(Arc<Mutex<Rules>>);

#[derive(Debug, Default)]
struct Rules {
    next_id: u64,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    id: u64,
    fault: Fault,
    /// How many requests met the conditions.
    seen: u64,
    /// How many of them the rule was applied to.
    applied: u64,
}

/// A rule that applies to a request.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    /// The rule's name, or its number.
    pub(crate) name: String,
    pub(crate) effect: Effect,
}

impl FaultPlan {
    /// Adds a rule that was checked.
    pub(crate) fn add(&self, fault: Fault) -> Result<FaultHandle, String> {
        fault.check()?;
        let mut rules = self.lock();
        rules.next_id += 1;
        let id = rules.next_id;
        rules.rules.push(Rule {
            id,
            fault,
            seen: 0,
            applied: 0,
        });
        Ok(FaultHandle {
            plan: self.clone(),
            id,
        })
    }

    /// The rule that meets a request, if any; it counts as applied.
    pub(crate) fn request(&self, facts: Facts<'_>) -> Option<Applied> {
        self.take(Some(facts))
    }

    /// The rule that meets a new connection, if any; it counts as applied.
    pub(crate) fn connection(&self) -> Option<Applied> {
        self.take(None)
    }

    fn take(&self, facts: Option<Facts<'_>>) -> Option<Applied> {
        let mut found = None;
        for rule in &mut self.lock().rules {
            if rule.fault.is_for_connections() != facts.is_none() || !rule.fault.on.counts(facts) {
                continue;
            }
            // Later rules count the request too: `nth` is about requests, not about what earlier rules left over.
            rule.seen += 1;
            if found.is_none() && rule.fault.on.applies(rule.seen, rule.applied) {
                rule.applied += 1;
                let name = rule
                    .fault
                    .on
                    .name
                    .clone()
                    .unwrap_or_else(|| format!("fault {}", rule.id));
                found = Some(Applied {
                    name,
                    effect: rule.fault.effect.clone(),
                });
            }
        }
        found
    }

    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut rules = self.lock();
        let before = rules.rules.len();
        rules.rules.retain(|rule| rule.id != id);
        rules.rules.len() < before
    }

    pub(crate) fn clear(&self) {
        self.lock().rules.clear();
    }

    /// Every rule with its counts, as the administration shows it.
    pub(crate) fn describe(&self) -> Value {
        let rules = self.lock();
        let all = rules.rules.iter().map(
            |rule| json!({"id": rule.id, "seen": rule.seen, "applied": rule.applied, "fault": rule.fault}),
        );
        Value::Array(all.collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A rule that was added. Dropping the handle leaves the rule in force.
#[derive(Clone, Debug)]
pub struct FaultHandle {
    plan: FaultPlan,
    id: u64,
}

impl FaultHandle {
    /// The rule's number, by which the administration over HTTP knows it.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// How often the rule was applied; 0 once it is removed.
    pub fn applied(&self) -> u64 {
        let rules = self.plan.lock();
        rules
            .rules
            .iter()
            .find(|rule| rule.id == self.id)
            .map_or(0, |rule| rule.applied)
    }

    /// Takes the rule out of force. Requests that it already holds stay held.
    pub fn remove(&self) {
        self.plan.remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::FaultPlan;
    use crate::fault::{Facts, Fault};
    use crate::routes::Route;

    const TOKEN: Facts<'_> = Facts {
        route: Route::Token,
        method: "POST",
        path: "/t/oauth2/v2.0/token",
        grant: Some("client_credentials"),
        tenant: Some("t"),
        client_id: Some("c"),
    };

    fn hits(plan: &FaultPlan, requests: usize) -> Vec<String> {
        (0..requests)
            .map(|_| {
                plan.request(TOKEN)
                    .map_or_else(String::new, |applied| applied.name)
            })
            .collect()
    }

    #[test]
    fn rules_with_times_make_a_sequence() {
        let plan = FaultPlan::default();
        plan.add(Fault::on(Route::Token).named("a").times(2).status(429))
            .unwrap();
        plan.add(Fault::on(Route::Token).named("b").times(1).status(503))
            .unwrap();
        assert_eq!(hits(&plan, 4), ["a", "a", "b", ""]);
    }

    #[test]
    fn nth_counts_requests_whatever_met_the_others() {
        let plan = FaultPlan::default();
        plan.add(Fault::on_any().named("first").nth(1).status(500))
            .unwrap();
        plan.add(Fault::on_any().named("third").nth(3).status(500))
            .unwrap();
        plan.add(Fault::on_any().named("late").after(4).status(500))
            .unwrap();
        assert_eq!(hits(&plan, 6), ["first", "", "third", "", "late", "late"]);
    }

    #[test]
    fn conditions_hold_all_together() {
        let plan = FaultPlan::default();
        let handle = plan
            .add(
                Fault::on(Route::Token)
                    .grant("password")
                    .client_id("c")
                    .tenant("T")
                    .status(500),
            )
            .unwrap();
        assert_eq!(hits(&plan, 1), [""]);
        assert!(
            plan.request(Facts {
                grant: Some("password"),
                ..TOKEN
            })
            .is_some()
        );
        assert!(
            plan.request(Facts {
                grant: Some("password"),
                client_id: None,
                ..TOKEN
            })
            .is_none()
        );
        assert_eq!(handle.applied(), 1);
        handle.remove();
        assert!(
            plan.request(Facts {
                grant: Some("password"),
                ..TOKEN
            })
            .is_none()
        );
    }

    #[test]
    fn connection_rules_and_request_rules_do_not_mix() {
        let plan = FaultPlan::default();
        plan.add(Fault::connection_reset().named("c").nth(2)).unwrap();
        assert_eq!(hits(&plan, 3), ["", "", ""]);
        assert!(plan.connection().is_none());
        assert_eq!(plan.connection().unwrap().name, "c");
    }

    #[test]
    fn senseless_rules_are_refused_with_a_reason() {
        let plan = FaultPlan::default();
        for (rule, reason) in [
            (Fault::on_any().status(99), "99"),
            (Fault::on_any().status(100), "final"),
            (Fault::on_any().aadsts(1), "catalogue"),
            (Fault::on_any().claims("{}"), "AADSTS"),
            (Fault::on_any().header("a b", "c"), "header"),
            (Fault::on_any().header("a", "b\r\nc"), "header"),
            (Fault::on_any().drip(0), "stall"),
            (Fault::connection_reset().status(500), "before any answer"),
            (Fault::connection_reset().grant("x"), "before any request"),
        ] {
            let error = plan.add(rule).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        assert!(serde_json::from_str::<Fault>(r#"{"do": {"stauts": 500}}"#).is_err());
    }

    #[test]
    fn a_rule_survives_json() {
        let rule = Fault::on(Route::Token)
            .times(1)
            .raw(vec![0xff, 0x00])
            .field("expires_in", -1);
        let text = serde_json::to_string(&rule).unwrap();
        let back: Fault = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&back).unwrap(), text);
    }
}
