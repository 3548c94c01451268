package access

import (
	"net/http"

	"github.com/paymux/paymux"
)

// entry is what a merchant should know of a Code. docs/errors.md, the pages at
// /errors/<code> and the statuses of all answers come from here.
type entry struct {
	Code    paymux.Code
	Status  int
	Title   string
	TitleZh string
	Help    string // what it means and what to do
	HelpZh  string
}

// catalogue has every Code, in the order of the documentation.
var catalogue = []entry{
	{paymux.InvalidRequest, http.StatusBadRequest, "Invalid request", "请求无效",
		"A field is missing, unknown, of the wrong type or out of range. errors lists every field at fault with its place; nothing was done. Correct the fields and send again.",
		"字段缺失、未知、类型错误或超出范围。errors 列出所有有问题的字段及其位置；没有执行任何操作。请更正后重新发送。"},
	{paymux.InvalidID, http.StatusBadRequest, "Invalid ID", "ID 无效",
		"The text is not an ID of the expected kind, or its check code is wrong: it was mistyped, cut short or issued by another deployment. Copy it again from the answer that had it.",
		"该文本不是所需类型的 ID，或校验码错误：可能输入有误、被截断，或由其他部署签发。请从原始响应中重新复制。"},
	{paymux.NotFound, http.StatusNotFound, "Not found", "未找到",
		"Nothing of that ID belongs to this merchant, or the path does not exist. Check the ID, the path, and whether the credentials are those of the merchant who made the object.",
		"该商户没有此 ID 的对象，或路径不存在。请检查 ID、路径，以及凭证是否属于创建该对象的商户。"},
	{paymux.Unauthenticated, http.StatusUnauthorized, "Not authenticated", "未通过认证",
		"The request has no credentials, or credentials nobody knows, or that were revoked. Sign the request by RFC 9421, or send Authorization: Bearer with a secret key where the merchant's policy accepts that.",
		"请求没有凭证，或凭证未知、已被吊销。请按 RFC 9421 对请求签名；若商户策略允许，也可用 Authorization: Bearer 发送密钥。"},
	{paymux.SignatureInvalid, http.StatusUnauthorized, "Signature invalid", "签名无效",
		"The signature does not belong to this request: it was changed on the way, signed with another key, or does not cover what it must. detail says which part failed. Sign the bytes that are sent, after serialising them once.",
		"签名与请求不符：请求在途中被改动、使用了其他密钥签名，或签名未覆盖必需的部分。detail 说明失败的部分。请只序列化一次，并对实际发送的字节签名。"},
	{paymux.SignatureStale, http.StatusUnauthorized, "Signature stale", "签名已过期",
		"The signature's created time is more than five minutes away from the server's clock. Check the clock of the machine that signs, and sign anew for each attempt.",
		"签名的 created 时间与服务器时钟相差超过五分钟。请检查签名机器的时钟，并在每次发送时重新签名。"},
	{paymux.SignatureReplayed, http.StatusUnauthorized, "Signature replayed", "签名被重放",
		"A request with this nonce has been seen. Sign every attempt anew with a fresh nonce; the Idempotency-Key, not the signature, makes a repeat safe.",
		"已收到过带有此 nonce 的请求。每次发送都应使用新的 nonce 重新签名；保证重复请求安全的是 Idempotency-Key，而不是签名。"},
	{paymux.Forbidden, http.StatusForbidden, "Not allowed", "无权限",
		"The credentials are known but lack authority for the service type named in detail, or the request came from an address outside the allowed networks. Use a key with that authority, or ask the operator to extend it.",
		"凭证有效，但没有 detail 中所述服务类型的权限，或请求来自允许网络之外的地址。请使用有权限的密钥，或请运营方扩展权限。"},
	{paymux.RateLimited, http.StatusTooManyRequests, "Too many requests", "请求过多",
		"The merchant's traffic for this service type is above its threshold, or too many of its streams of events are open. Nothing was done. Wait as long as Retry-After says; the RateLimit header tells what is left.",
		"商户在该服务类型上的流量超过阈值，或打开的事件流过多，没有执行任何操作。请按 Retry-After 等待；RateLimit 头说明剩余额度。"},
	{paymux.KeyMissing, http.StatusBadRequest, "Idempotency key missing", "缺少幂等键",
		"Every request that changes something needs an Idempotency-Key header of 1 to 255 printable characters, unique per intended effect, such as your order number with an attempt number.",
		"每个产生变更的请求都需要 Idempotency-Key 头：1 至 255 个可打印字符，每个预期效果唯一，例如订单号加尝试次数。"},
	{paymux.KeyReused, http.StatusUnprocessableEntity, "Idempotency key reused", "幂等键被重复使用",
		"The Idempotency-Key belongs to an earlier request with another method, path or body. Nothing was done. Repeat the earlier request unchanged, or use a new key for a new one.",
		"该 Idempotency-Key 属于先前方法、路径或内容不同的请求，没有执行任何操作。请原样重发先前的请求，或为新请求使用新的键。"},
	{paymux.KeyInFlight, http.StatusConflict, "Request in flight", "请求处理中",
		"The first request with this Idempotency-Key is still being answered. Repeat it after Retry-After; the answer will then be the first one's.",
		"带有此 Idempotency-Key 的首个请求仍在处理。请按 Retry-After 重试，届时将得到首个请求的响应。"},
	{paymux.OrderInUse, http.StatusConflict, "Merchant order in use", "商户订单号已被占用",
		"Another live payment has this merchant_order_id. Retrieve it by GET /v1/payments?merchant_order_id=…, or cancel it first. A payment that ended unpaid frees its order.",
		"另一笔有效支付已使用此 merchant_order_id。请通过 GET /v1/payments?merchant_order_id=… 查询，或先取消它。未付款即结束的支付会释放订单号。"},
	{paymux.StateConflict, http.StatusConflict, "State conflict", "状态冲突",
		"The object's state does not allow what was asked; detail names the state. Retrieve the object and decide again.",
		"对象的当前状态不允许该操作；detail 说明状态。请重新查询对象后再决定。"},
	{paymux.AmountTooLarge, http.StatusUnprocessableEntity, "Amount too large", "金额过大",
		"The amount is more than what may still be captured or refunded. Refunds without an outcome count as refunded. Retrieve the payment to see what is left.",
		"金额超过可请款或可退款的余额。尚无结果的退款计入已退款。请查询该支付以了解剩余金额。"},
	{paymux.Unsupported, http.StatusUnprocessableEntity, "Not supported", "不支持",
		"The channel that carries this payment cannot do what was asked, such as a partial capture. Nothing was done.",
		"承载该支付的渠道不支持此操作，例如部分请款。没有执行任何操作。"},
	{paymux.NoChannel, http.StatusUnprocessableEntity, "No channel", "无可用渠道",
		"No channel takes this payment: its method, currency, amount or country is not served, or the designated account is not available. The payment's routing says what excluded each candidate.",
		"没有渠道可受理该支付：支付方式、币种、金额或国家不受支持，或指定账户不可用。支付的 routing 说明每个候选被排除的原因。"},
	{paymux.PaymentDeclined, http.StatusPaymentRequired, "Payment declined", "支付被拒绝",
		"The institution said no. decline_code says why, advice what to do: try_other_method, retry_later or do_not_retry. channel has the institution's own words. A new attempt needs a new Idempotency-Key.",
		"支付机构拒绝了请求。decline_code 说明原因，advice 说明应对方式：try_other_method、retry_later 或 do_not_retry。channel 含机构原始信息。新的尝试需要新的 Idempotency-Key。"},
	{paymux.NotSent, http.StatusBadGateway, "Not sent", "未送达",
		"The institution was not reached and nothing happened there. It is safe to try again with a new Idempotency-Key.",
		"未能连接到支付机构，机构侧没有发生任何事情。使用新的 Idempotency-Key 重试是安全的。"},
	{paymux.OutcomeUnknown, http.StatusGatewayTimeout, "Outcome unknown", "结果未知",
		"The request may have taken effect. Never pay again by another way: repeat it with the same Idempotency-Key, or wait for the notification. Paymux finds the outcome out by itself.",
		"请求可能已经生效。切勿改用其他方式再次支付：请用相同的 Idempotency-Key 重发，或等待通知。Paymux 会自行查明结果。"},
	{paymux.PayloadTooLarge, http.StatusRequestEntityTooLarge, "Body too large", "请求体过大",
		"The body is larger than 64 KiB (1 MiB for batches). Send less; metadata is not meant for documents.",
		"请求体超过 64 KiB（批量请求为 1 MiB）。请减少内容；metadata 不用于存放文档。"},
	{paymux.UnsupportedMedia, http.StatusUnsupportedMediaType, "Unsupported media type", "不支持的媒体类型",
		"Bodies are JSON: send Content-Type: application/json, or application/jose for an encrypted body, without a Content-Encoding.",
		"请求体必须是 JSON：请发送 Content-Type: application/json，加密请求体使用 application/jose，且不带 Content-Encoding。"},
	{paymux.MethodNotAllowed, http.StatusMethodNotAllowed, "Method not allowed", "不允许的方法",
		"The path exists but not with this method. The Allow header lists those it has.",
		"路径存在，但不支持此方法。Allow 头列出可用的方法。"},
	{paymux.RequestTimeout, http.StatusRequestTimeout, "Body too slow", "请求体传输过慢",
		"The body did not arrive in time. Nothing was done; send it again.",
		"请求体未能及时到达，没有执行任何操作；请重新发送。"},
	{paymux.Unavailable, http.StatusServiceUnavailable, "Unavailable", "暂不可用",
		"Paymux cannot do this at the moment and has done nothing. Repeat the request with the same Idempotency-Key after Retry-After.",
		"Paymux 暂时无法处理，且没有执行任何操作。请按 Retry-After 用相同的 Idempotency-Key 重试。"},
	{paymux.Internal, http.StatusInternalServerError, "Internal error", "内部错误",
		"A fault of Paymux. Repeat the request with the same Idempotency-Key: it cannot take effect twice. If it stays, tell the operator the request_id.",
		"Paymux 内部故障。请用相同的 Idempotency-Key 重发：不会重复生效。若持续出现，请将 request_id 告知运营方。"},
	{paymux.CallbackRefused, http.StatusBadRequest, "Callback refused", "回调被拒绝",
		"A notification in an institution's name was not believed: its signature, amount, currency or order does not fit. Nothing was changed. Check the account's webhook secret and the institution's settings.",
		"以支付机构名义发来的通知不可信：签名、金额、币种或订单不符。没有任何更改。请检查账户的回调密钥与机构侧设置。"},
}

// entryOf finds a code. One that is not in the catalogue is our fault.
func entryOf(code paymux.Code) *entry {
	for i := range catalogue {
		if catalogue[i].Code == code {
			return &catalogue[i]
		}
	}
	return entryOf(paymux.Internal)
}

// StatusOf is the HTTP status of a code.
func StatusOf(code paymux.Code) int { return entryOf(code).Status }

func codes() []paymux.Code {
	all := make([]paymux.Code, len(catalogue))
	for i := range catalogue {
		all[i] = catalogue[i].Code
	}
	return all
}
