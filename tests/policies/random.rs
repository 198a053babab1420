//! Policies and calls at random: mostly what people write, with one or two things wrong.

use serde_json::{Map, Value, json};

use super::oracle::Call;

/// A generator whose whole state is its seed.
pub(crate) struct Random(u64);

const ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
];
const STRANGE: &[&str] = &["Bool", "NumericEquals", "DateGreaterThan", "IpAddress", "BinaryEquals", "stringEquals"];
const KEYS: &[&str] = &[
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:PrincipalTag/x509Subject/CN",
    "aws:PrincipalTag/x509Subject/OU",
    "aws:PrincipalTag/x509Issuer/CN",
    "aws:PrincipalTag/x509SAN/URI",
    "aws:PrincipalTag/x509SAN/DNS",
    "aws:PrincipalTag/x509SAN/Name/CN",
    "sts:SourceIdentity",
    "sts:RoleSessionName",
];
const NAMES: &[&str] = &["payments", "orders", "Payments", "pay,ments", "pay ments", "a/b", "grün", ""];
const ARNS: &[&str] = &[
    ANCHOR,
    ANCHOR,
    "arn:aws:rolesanywhere:*:111122223333:trust-anchor/*",
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/0",
    "arn:*:*:*:*:*",
    "arn:aws:rolesanywhere:eu-central-?:111122223333:trust-anchor/6a5b*",
    "*",
    "arn:aws:*",
];
const PATTERNS: &[&str] = &[
    "pay*",
    "*",
    "?*",
    "p?yments",
    "*ments",
    "PAY*",
    "**a**",
    "${aws:username}",
    "pay${*}",
    "GRÜN",
    "PAYMENTS",
    "CN=*",
];
const URIS: &[&str] = &["spiffe://prod/ns/shop/sa/payments", "spiffe://prod/ns/shop/sa/orders"];

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..4).for_each(|_| _ = random.next());
        random
    }

    /// <https://www.jstatsoft.org/article/view/v008i14>
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick(&mut self, all: &[&str]) -> String {
        let index = self.below(all.len());
        all[index].to_owned()
    }

    /// Some of them, or all.
    fn some<T: Clone>(&mut self, all: &[T], most: usize) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| all[self.below(all.len())].clone()).collect()
    }

    pub(crate) fn call(&mut self) -> Call {
        let name = |random: &mut Self| if random.one_in(4) { random.pick(NAMES) } else { "payments".to_owned() };
        let mut subject = vec![("CN".to_owned(), name(self))];
        if self.one_in(12) {
            subject[0].1 = "n".repeat(60 + self.below(5));
        }
        if self.one_in(16) {
            subject.clear();
        }
        for _ in 0..self.below(3) {
            subject.push(("OU".to_owned(), if self.one_in(2) { "shop".to_owned() } else { self.pick(NAMES) }));
        }
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let mapped = [
            if self.one_in(8) { self.some(&texts(&["CN", "OU"]), 2) } else { texts(&["*"]) },
            if self.one_in(8) { self.some(&texts(&["CN"]), 1) } else { texts(&["*"]) },
            if self.one_in(8) {
                self.some(&texts(&["URI", "DNS", "Name/CN", "Name/*"]), 2)
            } else {
                texts(&["DNS", "URI", "Name/*"])
            },
        ];
        Call {
            anchor: ANCHOR.to_owned(),
            account: "111122223333".to_owned(),
            subject,
            issuer: (!self.one_in(6)).then(|| vec![("CN".to_owned(), "ca".to_owned())]),
            dns: self.some(&texts(&["payments.shop", "*.shop"]), 2),
            uri: self.some(&texts(URIS), 2),
            directory: if self.one_in(3) { vec![vec![("CN".to_owned(), name(self))]] } else { Vec::new() },
            mapped,
        }
    }

    pub(crate) fn policy(&mut self) -> Value {
        let mut statements = vec![self.statement("Allow")];
        for _ in 0..[0, 0, 0, 1, 1, 2][self.below(6)] {
            let effect = if self.one_in(2) { "Deny" } else { "Allow" };
            statements.push(self.statement(effect));
        }
        let statement = if statements.len() == 1 { statements.remove(0) } else { statements.into() };
        json!({"Version": "2012-10-17", "Statement": statement})
    }

    fn statement(&mut self, effect: &str) -> Value {
        let mut elements = Map::new();
        let effect = if self.one_in(60) { "allow" } else { effect };
        elements.insert("Effect".to_owned(), effect.into());
        if self.one_in(5) {
            elements.insert("Sid".to_owned(), "Some".into());
        }
        if !self.one_in(60) {
            let element = if self.one_in(40) { "NotPrincipal" } else { "Principal" };
            elements.insert(element.to_owned(), self.principal());
        }
        let (element, actions) = self.actions();
        elements.insert(element.to_owned(), actions);
        if self.one_in(80) {
            elements.insert("Resource".to_owned(), "*".into());
        }
        if !self.one_in(10) {
            let block = if self.one_in(80) { json!([]) } else { self.conditions() };
            elements.insert("Condition".to_owned(), block);
        }
        elements.into()
    }

    fn principal(&mut self) -> Value {
        let service = "rolesanywhere.amazonaws.com";
        match self.below(24) {
            0 => json!("*"),
            1 => json!({"AWS": "*"}),
            2 => json!({"Service": "ec2.amazonaws.com"}),
            3 => json!({"Service": [service, "ec2.amazonaws.com"]}),
            4 => json!({"Service": "rolesanywhere.eu-central-1.amazonaws.com", "AWS": "111122223333"}),
            5 => json!({"Service": service, "AWS": ["111122223333", "*"]}),
            6 => json!({"service": service}),
            7 => json!({"Federated": "cognito-identity.amazonaws.com"}),
            8 => json!({"Service": []}),
            9 => json!({}),
            _ => json!({"Service": service}),
        }
    }

    fn actions(&mut self) -> (&'static str, Value) {
        let all = json!(["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]);
        match self.below(24) {
            0 => ("Action", json!("sts:*")),
            1 => ("Action", json!("*")),
            2 => ("Action", json!(["STS:assumerole", "sts:T?gSession", "sts:Set*"])),
            3 => ("Action", json!("sts:AssumeRole")),
            4 => ("NotAction", json!("sts:GetCallerIdentity")),
            5 => ("NotAction", json!(["sts:Tag*"])),
            6 => ("Action", json!([])),
            7 => ("Action", json!(["sts:AssumeRole", 7])),
            _ => ("Action", all),
        }
    }

    fn conditions(&mut self) -> Value {
        let mut block = json!({});
        for _ in 0..=self.below(3) {
            let operator = self.operator();
            let key = self.pick(KEYS);
            let values = if operator == "Null" { self.truths() } else { self.values(&key, operator.contains("Arn")) };
            let key = if self.one_in(6) { key.to_uppercase() } else { key };
            block[operator][key] = values;
        }
        block
    }

    fn operator(&mut self) -> String {
        let plain = match self.below(16) {
            0 => return "Null".to_owned(),
            1 => self.pick(STRANGE),
            2..6 => "StringEquals".to_owned(),
            _ => self.pick(OPERATORS),
        };
        let set = ["ForAnyValue:", "ForAllValues:", "ForEach:"].get(self.below(12)).copied().unwrap_or_default();
        let suffix = if self.one_in(6) { "IfExists" } else { "" };
        format!("{set}{plain}{suffix}")
    }

    fn truths(&mut self) -> Value {
        match self.below(6) {
            0 => json!(true),
            1 => json!(false),
            2 | 3 => json!("true"),
            4 => json!(["false", "maybe"]),
            _ => json!("False"),
        }
    }

    /// Values that a key could have, or nearly.
    fn values(&mut self, key: &str, is_arn: bool) -> Value {
        let all: &[&str] = match key {
            "aws:SourceArn" => ARNS,
            "aws:SourceAccount" => &["111122223333", "999999999999", "1111*"],
            "aws:PrincipalTag/x509Subject/OU" => &["shop", "shop/shop", "shop/*", "other"],
            "aws:PrincipalTag/x509Issuer/CN" => &["ca", "other", "c?"],
            "aws:PrincipalTag/x509SAN/URI" => URIS,
            "aws:PrincipalTag/x509SAN/DNS" => &["payments.shop", "*.shop"],
            "sts:SourceIdentity" => &["CN=payments", "CN=*", "payments"],
            _ if self.one_in(3) => PATTERNS,
            _ => NAMES,
        };
        let value = |random: &mut Self| match random.below(30) {
            0 if is_arn => Value::from(random.pick(ARNS)),
            1 => json!(true),
            2 => json!(7),
            _ if !is_arn && random.one_in(3) => Value::from(all[0]),
            _ => Value::from(random.pick(all)),
        };
        match self.below(12) {
            0 => json!([]),
            1 => json!([value(self), null]),
            2..5 => json!([value(self), value(self)]),
            _ => value(self),
        }
    }
}
