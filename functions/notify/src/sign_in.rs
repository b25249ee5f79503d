//! Sign-in codes by e-mail. Only here is it asked who has an address: whoever typed it cannot tell.

use handover_aws::{
    Failure, email_hash,
    queue::{SIGN_IN_CODE_LIVE, SignInCode, SignInMail},
    telemetry,
};

use crate::App;

impl App {
    /// Sends a sign-in code to its address, if that is a staff member's. Sent twice it is the same code.
    pub(crate) async fn send_code(&self, mail: &SignInMail) -> Result<(), Failure> {
        if self.clock.now().since(mail.at) >= SIGN_IN_CODE_LIVE {
            telemetry::count("sign_in", "too_late");
            return Ok(());
        }
        let plain = self.sealer.open(&mail.sealed, &["sign-in", &mail.sign_in])?;
        let SignInCode { email, code } =
            serde_json::from_str(&plain).map_err(|_| Failure::quarantine("sign-in code cannot be read"))?;
        let hash = email_hash(&email);
        for (account, id) in self.store.staff_by_email(&hash).await? {
            let Some(staff) = self.store.staff(&account, &id).await? else { continue };
            // The address as the staff member has it, not as it was typed.
            let Some(own) = staff.email.filter(|own| email_hash(own) == hash) else { continue };
            let failure = self.mailer.send_text(&own, &subject(&code), &text(&code), &[]).await?;
            telemetry::count("sign_in", if failure.is_some() { "refused" } else { "sent" });
            return Ok(());
        }
        telemetry::count("sign_in", "nobody");
        Ok(())
    }
}

fn subject(code: &str) -> String {
    format!("{code} is your Handover sign-in code")
}

fn text(code: &str) -> String {
    format!(
        "Your sign-in code is {code}. It works for 10 minutes, in the browser that asked for it.\n\n\
         If you did not ask for it, ignore this e-mail. Give the code to nobody.\n"
    )
}
