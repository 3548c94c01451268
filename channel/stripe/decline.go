package stripe

import (
	"cmp"

	stripego "github.com/stripe/stripe-go/v85"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

// reason is a decline in our vocabulary.
type reason struct {
	code   paymux.DeclineCode
	advice paymux.Advice
	// retryable: the refusal is Stripe's or the moment's, not the issuer's word
	// on this card; another channel may be asked.
	retryable bool
}

// reasonOf translates Stripe's decline codes (docs.stripe.com/declines/codes) and
// error codes. That it was declined is certain even where the code is new to us.
func reasonOf(code string) reason {
	switch code {
	case "insufficient_funds", "balance_insufficient":
		return reason{paymux.DeclineInsufficientFunds, paymux.TryOtherMethod, false}
	case "lost_card":
		return reason{paymux.DeclineLostCard, paymux.DoNotRetry, false}
	case "stolen_card", "pickup_card":
		return reason{paymux.DeclineStolenCard, paymux.DoNotRetry, false}
	case "expired_card", "invalid_expiry_month", "invalid_expiry_year":
		return reason{paymux.DeclineExpiredCard, paymux.TryOtherMethod, false}
	case "incorrect_cvc", "invalid_cvc":
		return reason{paymux.DeclineIncorrectCVC, paymux.TryOtherMethod, false}
	case "incorrect_number", "invalid_number":
		return reason{paymux.DeclineIncorrectNumber, paymux.TryOtherMethod, false}
	case "fraudulent", "merchant_blacklist", "security_violation":
		return reason{paymux.DeclineFraud, paymux.DoNotRetry, false}
	case "card_velocity_exceeded", "withdrawal_count_limit_exceeded", "card_decline_rate_limit_exceeded":
		return reason{paymux.DeclineLimit, paymux.TryOtherMethod, false}
	case "authentication_required", "payment_intent_authentication_failure", "authentication_not_handled",
		"incorrect_pin", "invalid_pin", "offline_pin_required", "online_or_offline_pin_required", "pin_try_exceeded":
		return reason{paymux.DeclineAuthenticationFailed, paymux.TryOtherMethod, false}
	case "payment_method_customer_decline":
		return reason{paymux.DeclineCanceledByPayer, paymux.TryOtherMethod, false}
	case "invalid_account", "new_account_information_available", "account_closed", "bank_account_declined":
		return reason{paymux.DeclineInvalidAccount, paymux.TryOtherMethod, false}
	case "currency_not_supported", "card_not_supported", "invalid_amount", "amount_too_large", "amount_too_small",
		"payment_method_currency_mismatch", "payment_method_not_available":
		return reason{paymux.DeclineNotSupported, paymux.TryOtherMethod, true}
	case "service_not_allowed", "not_permitted", "transaction_not_allowed", "restricted_card":
		return reason{paymux.DeclineNotSupported, paymux.TryOtherMethod, false}
	case "processing_error", "issuer_not_available", "try_again_later", "reenter_transaction", "approve_with_id":
		return reason{paymux.DeclineProcessing, paymux.RetryLater, true}
	case "charge_already_refunded", "charge_disputed", "charge_not_refundable", "refund_disputed_payment":
		return reason{paymux.DeclineRefundRefused, paymux.DoNotRetry, false}
	case "do_not_try_again", "duplicate_transaction", "revocation_of_authorization", "revocation_of_all_authorizations",
		"stop_payment_order":
		return reason{paymux.DeclineGeneric, paymux.DoNotRetry, false}
	}
	return reason{paymux.DeclineGeneric, paymux.TryOtherMethod, false}
}

// declined fills r with a refusal that is certain.
func declined(r *channel.Result, e *stripego.Error) {
	r.State = paymux.OpDeclined
	r.Code = cmp.Or(string(e.DeclineCode), string(e.Code), string(e.Type))
	r.Message = e.Msg
	why := reasonOf(r.Code)
	r.DeclineCode, r.Advice, r.Retryable = why.code, why.advice, why.retryable
}
