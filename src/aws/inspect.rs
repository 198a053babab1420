//! Reads trust anchors, profiles and roles from AWS.

use std::collections::BTreeMap;

use aws_sdk_rolesanywhere::types::{AttributeMapping, SourceData, TrustAnchorDetail};
use tokio::time::{sleep, timeout_at};

use super::anywhere::PACE;
use super::calls::Account;
use super::inspections::{Inspection, Part, anchor_inspections, inspections, profile_inspections, role_inspections};
use super::login::Connection;
use super::session::{Session, pause};
use super::{Progress, anywhere, failure, iam};
use crate::arn::Arn;
use crate::diag::Code;
use crate::quote::typed;
use crate::reference::Origin;
use crate::resolve::{Identity, NoAnswer};
use crate::resource::{Found, Profile, Role, Seen, TrustAnchor};
use crate::trust::{Mapping, TABLES};

/// One thing as AWS has it.
enum Thing {
    TrustAnchor(Found<TrustAnchor>),
    Profile(Found<Profile>),
    Role(Found<Role>),
}

impl Session {
    /// What AWS has for each identity.
    pub fn inspect(&self, identities: &[(&Identity, &Origin)], progress: &Progress<'_>) -> Vec<Seen> {
        let plan = inspections(identities);
        let things = self.things(&plan, progress);
        let (mut anchors, mut profiles, mut roles) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (it, thing) in plan.iter().zip(things) {
            match thing {
                Some(Thing::TrustAnchor(found)) => drop(anchors.insert(it.arn, found)),
                Some(Thing::Profile(found)) => drop(profiles.insert(it.arn, found)),
                Some(Thing::Role(found)) => drop(roles.insert(it.arn, found)),
                None => {}
            }
        }
        let none = self.no_time(plan.iter().filter(|it| it.kind != Part::Role).count());
        let seen = |(identity, _): &(&Identity, &Origin)| Seen {
            trust_anchor: anchors.get(&identity.trust_anchor).cloned().unwrap_or_else(|| Err(none.clone())),
            profile: profiles.get(&identity.profile).cloned().unwrap_or_else(|| Err(none.clone())),
            role: roles.get(&identity.role).cloned().unwrap_or_else(|| Err(self.too_late())),
        };
        identities.iter().map(seen).collect()
    }

    /// What AWS has for each role, by its ARN.
    pub fn roles(&self, roles: &[(&Arn, &Origin)], progress: &Progress<'_>) -> BTreeMap<Arn, Found<Role>> {
        let plan = role_inspections(roles);
        let found = plan.iter().zip(self.things(&plan, progress)).map(|(it, thing)| match thing {
            Some(Thing::Role(found)) => (it.arn.clone(), found),
            _ => (it.arn.clone(), Err(self.too_late())),
        });
        found.collect()
    }

    /// What AWS has for each trust anchor, by its ARN.
    pub fn trust_anchors(
        &self,
        anchors: &[(&Arn, &Origin)],
        progress: &Progress<'_>,
    ) -> BTreeMap<Arn, Found<TrustAnchor>> {
        let plan = anchor_inspections(anchors);
        let none = self.no_time(plan.len());
        let found = plan.iter().zip(self.things(&plan, progress)).map(|(it, thing)| match thing {
            Some(Thing::TrustAnchor(found)) => (it.arn.clone(), found),
            _ => (it.arn.clone(), Err(none.clone())),
        });
        found.collect()
    }

    /// What AWS has for each profile, by its ARN.
    pub fn profiles(&self, profiles: &[(&Arn, &Origin)], progress: &Progress<'_>) -> BTreeMap<Arn, Found<Profile>> {
        let plan = profile_inspections(profiles);
        let found = plan.iter().zip(self.things(&plan, progress)).map(|(it, thing)| match thing {
            Some(Thing::Profile(found)) => (it.arn.clone(), found),
            _ => (it.arn.clone(), Err(self.no_time(plan.len()))),
        });
        found.collect()
    }

    /// Each thing, as far as there is an answer in time.
    fn things(&self, plan: &[Inspection<'_>], progress: &Progress<'_>) -> Vec<Option<Thing>> {
        self.wait(async |deadline| {
            let mut configs: BTreeMap<Account, Connection> = BTreeMap::new();
            let (mut asked, mut paced, mut roles) = (Vec::new(), 0, 0);
            for it in plan {
                let account = it.account();
                let config = match configs.get(&account) {
                    Some(config) => config.clone(),
                    None => match timeout_at(deadline, self.config(&account)).await {
                        Ok(config) => configs.entry(account).or_insert(config).clone(),
                        Err(_) => break,
                    },
                };
                let pause = if it.kind == Part::Role { pause(next(&mut roles)) } else { PACE * next(&mut paced) };
                let (kind, arn) = (it.kind, it.arn.clone());
                asked.push(async move {
                    sleep(pause).await;
                    one(&config, kind, &arn).await
                });
            }
            self.all(deadline, asked, progress).await
        })
    }

    /// Why a call got no response in time: the network, or the quota of one call per second.
    fn no_time(&self, paced: usize) -> NoAnswer {
        let needed = PACE * u32::try_from(paced).unwrap_or(u32::MAX);
        let help = format!(
            "IAM Roles Anywhere allows one such call per second, and {paced} are needed: raise the time limit ({})",
            typed(&format_args!("--timeout {}", needed.as_secs() + 10))
        );
        let none = self.too_late();
        if needed > self.time() { NoAnswer { help, ..none } } else { none }
    }
}

/// The number of the next one.
fn next(count: &mut u32) -> u32 {
    *count += 1;
    *count - 1
}

async fn one(config: &Connection, kind: Part, arn: &Arn) -> Thing {
    match kind {
        Part::TrustAnchor => Thing::TrustAnchor(trust_anchor(config, arn).await),
        Part::Profile => Thing::Profile(profile(config, arn).await),
        Part::Role => Thing::Role(iam::role(config, arn).await),
    }
}

fn nothing(what: &str, arn: &Arn) -> NoAnswer {
    let help = "create it, or correct the ARN; the lookup uses the ARN's region and the account of these credentials";
    NoAnswer { code: Code::AwsSetup, why: format!("there is no {what} {arn}"), help: help.to_owned() }
}

async fn trust_anchor(config: &Connection, arn: &Arn) -> Found<TrustAnchor> {
    let asked = anywhere::asked(config, "`rolesanywhere:GetTrustAnchor`");
    let answer = anywhere::client(config).get_trust_anchor().trust_anchor_id(arn.id()).send().await;
    let output = answer.map_err(|error| match error.as_service_error() {
        Some(refused) if refused.is_resource_not_found_exception() => nothing("trust anchor", arn),
        _ => failure::of(&error, &asked),
    })?;
    Ok(output.trust_anchor.map_or(TrustAnchor { enabled: false, certificates: None }, read))
}

fn read(detail: TrustAnchorDetail) -> TrustAnchor {
    let data = detail.source.and_then(|source| source.source_data);
    let certificates = data.and_then(|data| match data {
        SourceData::X509CertificateData(pem) => Some(pem),
        _ => None,
    });
    TrustAnchor { enabled: detail.enabled.unwrap_or(false), certificates }
}

async fn profile(config: &Connection, arn: &Arn) -> Found<Profile> {
    let asked = anywhere::asked(config, "`rolesanywhere:GetProfile`");
    let answer = anywhere::client(config).get_profile().profile_id(arn.id()).send().await;
    let output = answer.map_err(|error| match error.as_service_error() {
        Some(refused) if refused.is_resource_not_found_exception() => nothing("profile", arn),
        _ => failure::of(&error, &asked),
    })?;
    let detail = output.profile;
    Ok(Profile {
        enabled: detail.as_ref().and_then(|it| it.enabled).unwrap_or(false),
        duration: detail.as_ref().and_then(|it| it.duration_seconds).and_then(|it| u64::try_from(it).ok()),
        accepts_session_name: detail.as_ref().and_then(|it| it.accept_role_session_name).unwrap_or(false),
        mapping: detail.as_ref().and_then(|it| it.attribute_mappings.as_deref()).map_or_else(Mapping::default, mapping),
        roles: detail.and_then(|it| it.role_arns).unwrap_or_default(),
    })
}

/// Of a table that is not listed, no name becomes a tag.
fn mapping(mappings: &[AttributeMapping]) -> Mapping {
    let [subject, issuer, san] = TABLES.map(|table| {
        let of_table =
            mappings.iter().filter(|it| it.certificate_field.as_ref().is_some_and(|it| it.as_str() == table));
        let rules = of_table.flat_map(|it| it.mapping_rules.as_deref().unwrap_or_default());
        rules.map(|rule| rule.specifier.clone()).collect()
    });
    Mapping { subject, issuer, san }
}
