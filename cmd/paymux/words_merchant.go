package main

// merchantWords are what merchants read: paying, listening, the sandbox.
func merchantWords() map[string][2]string {
	return map[string][2]string{
		"pay.short": {
			"Take a payment and wait for its end",
			"发起一笔支付并等待结果",
		},
		"pay.method": {
			"how the payer pays: card, wechat_pay, alipay, paypal, bank_transfer",
			"支付方式：card、wechat_pay、alipay、paypal、bank_transfer",
		},
		"pay.card": {
			"test card number, or an institution's token",
			"测试卡号，或支付机构的令牌",
		},
		"pay.cvc": {
			"security code of the card",
			"卡的安全码",
		},
		"pay.expiry": {
			"expiry of the card, MM/YYYY",
			"卡的有效期，MM/YYYY",
		},
		"pay.order": {
			"the merchant's order ID; made up when empty",
			"商户订单号；留空则自动生成",
		},
		"pay.description": {
			"what the payer sees",
			"付款人看到的说明",
		},
		"pay.account": {
			"use this account instead of routing",
			"指定账户，不走路由",
		},
		"pay.return-url": {
			"where the payer's browser goes afterwards",
			"付款后浏览器跳转的地址",
		},
		"pay.idempotency-key": {
			"repeat a request safely: the same key has one effect",
			"安全地重发请求：同一个键只生效一次",
		},
		"pay.manual": {
			"reserve only; capture later",
			"只预授权，稍后请款",
		},
		"pay.no-wait": {
			"do not wait for the end",
			"不等待结果",
		},
		"pay.timeout": {
			"wait no longer than this, such as 30s; 0: without limit",
			"最长等待时间，例如 30s；0 表示不限",
		},
		"pay.timed-out": {
			"there was no outcome within %s; it goes on without this command",
			"%s 内没有结果；支付仍在继续",
		},
		"pay.created": {
			"Created %s  %s  order %s  via %s",
			"已创建 %s  %s  订单 %s  通道 %s",
		},
		"pay.open": {
			"  scan, or open %s",
			"  扫码，或打开 %s",
		},
		"pay.sandbox": {
			"  or play the payer: paymux sandbox approve %s   (or decline)",
			"  或扮演付款人：paymux sandbox approve %s   （或 decline 拒绝）",
		},
		"pay.moved": {
			"after %s: %s → %s",
			"%s 后：%s → %s",
		},
		"pay.late": {
			"  The money came after the payment had ended otherwise; the merchant's policy decides what follows.",
			"  这笔钱在支付已结束后才到账，后续按商户策略处理。",
		},
		"refund.short": {
			"Give money of a payment back",
			"退款",
		},
		"refund.amount": {
			"amount in major units, such as 5.00; empty: all that is left",
			"退款金额，例如 5.00；留空则全额退款",
		},
		"refund.reason": {
			"reason, kept with the refund",
			"退款原因",
		},
		"refund.id": {
			"the merchant's own ID of the refund",
			"商户退款单号",
		},
		"timeline.short": {
			"Show every hop of a payment",
			"显示一笔支付经过的每一步",
		},
		"listen.short": {
			"Receive notifications here, and forward them",
			"在本机接收通知并转发",
		},
		"listen.long": {
			`Registers an endpoint on this machine for as long as it runs, verifies the signature of
every delivery, prints one line an event, and forwards it with its headers intact. With
--serve it is a sample shop: it shows what verified notifications told it.`,
			`运行期间在本机注册一个接收端，校验每次投递的签名，每个事件打印一行，并原样转发（含请求头）。
加上 --serve 就是一个示例商店：显示经过验签的通知告诉它的内容。`,
		},
		"listen.forward": {
			"pass each verified delivery on to this URL, and its answer back",
			"把验签通过的通知转发到此地址，并返回其应答",
		},
		"listen.serve": {
			"address of the sample shop, such as 127.0.0.1:3000",
			"示例商店的监听地址，例如 127.0.0.1:3000",
		},
		"listen.events": {
			"event types to receive; empty: all",
			"要接收的事件类型；留空则全部",
		},
		"listen.count": {
			"end after this many verified events; 0: never",
			"收到这么多条验签通过的事件后结束；0 表示不结束",
		},
		"listen.timeout": {
			"end after this time; with --count it is then an error",
			"到时间后结束；与 --count 同用时算失败",
		},
		"listen.ready": {
			"Ready. Signing secret %s",
			"就绪。签名密钥 %s",
		},
		"listen.shop": {
			"Sample shop on %s",
			"示例商店：%s",
		},
		"listen.forwarding": {
			"Forwarding to %s",
			"转发到 %s",
		},
		"listen.signature": {
			"signature",
			"签名",
		},
		"listen.too-few": {
			"fewer events than asked for came within %s",
			"%s 内收到的事件不够",
		},
		"key.short": {
			"Print the API key; list and create keys",
			"显示 API 密钥；列出、创建密钥",
		},
		"key.long": {
			`Without a verb, prints the bearer key of the profile, for use in other commands:

  curl -H "Authorization: Bearer $(paymux key)" http://127.0.0.1:8080/v1/payments`,
			`不带子命令时显示配置里的 bearer 密钥，便于在其他命令中使用：

  curl -H "Authorization: Bearer $(paymux key)" http://127.0.0.1:8080/v1/payments`,
		},
		"key.list": {
			"List the merchant's keys",
			"列出商户的密钥",
		},
		"key.create": {
			"Create a further key",
			"创建新密钥",
		},
		"key.kind": {
			"bearer, hmac-sha256, ed25519 or rsa-pss-sha512",
			"bearer、hmac-sha256、ed25519 或 rsa-pss-sha512",
		},
		"key.name": {
			"a name to know it by",
			"便于辨认的名称",
		},
		"key.public": {
			"PEM file of the public key, for ed25519 and rsa-pss-sha512",
			"公钥的 PEM 文件，用于 ed25519 和 rsa-pss-sha512",
		},
		"key.once": {
			"This secret is shown once.",
			"密文只显示这一次。",
		},
		"trigger.short": {
			"Make an event really happen in the sandbox",
			"在沙箱里让某个事件真实发生",
		},
		"trigger.long": {
			`Makes a payment, or takes the one given, and does what brings the event about. Nothing is
made up: the event comes from the payment's own change and is delivered like any other. Events:`,
			`新建（或使用指定的）支付，并做出触发事件的动作。事件不是伪造的：它来自支付自身的变化，
并像平常一样投递。可用事件：`,
		},
		"trigger.payment": {
			"use this payment (ID or merchant order) instead of a new one",
			"使用这笔支付（支付号或商户订单号），不新建",
		},
		"sandbox.short": {
			"Play the payer and the institutions of the sandbox",
			"扮演沙箱里的付款人和支付机构",
		},
		"sandbox.approve": {
			"Pay, pass 3-D Secure or accept, as the payer",
			"以付款人身份付款、通过 3-D Secure 或确认",
		},
		"sandbox.decline": {
			"Refuse, as the payer or the payer's bank",
			"以付款人或其银行身份拒绝",
		},
		"sandbox.receive": {
			"Book the money of a bank transfer",
			"银行转账到账",
		},
		"sandbox.dispute": {
			"Claim the money back, or end the claim with --end won|lost",
			"发起拒付，或用 --end won|lost 结束争议",
		},
		"sandbox.heard": {
			"payment %s  %s → %s",
			"支付 %s  %s → %s",
		},
		"sandbox.unheard": {
			"payment %s is still %s: the institution's notification has not come",
			"支付 %s 仍为 %s：支付机构的通知还没到",
		},
		"sandbox.code": {
			"decline code, such as insufficient_funds; empty: canceled by the payer",
			"拒绝代码，例如 insufficient_funds；留空表示付款人取消",
		},
		"sandbox.reason": {
			"reason of the dispute",
			"争议原因",
		},
		"sandbox.end": {
			"end an open dispute: won or lost",
			"结束争议：won 或 lost",
		},
		"sandbox.charges": {
			"Show the institution's own book",
			"显示支付机构自己的账本",
		},
		"sandbox.cards": {
			"List test cards, magic amounts and ways to misbehave",
			"列出测试卡号、特殊金额和异常行为",
		},
		"sandbox.cards-title": {
			"Test cards (any CVC, any expiry to come):",
			"测试卡（CVC 任意，有效期未过即可）：",
		},
		"sandbox.amounts-title": {
			"Magic amounts, by their last two digits in minor units, and the names for scripts and switches:",
			"特殊金额（看最小单位的末两位），以及脚本和开关使用的名称：",
		},
		"sandbox.set": {
			"Show the fault switches, or set all of an account's",
			"显示故障开关，或设置某账户的全部开关",
		},
		"sandbox.down": {
			"refuse connections",
			"拒绝连接",
		},
		"sandbox.latency": {
			"wait before answering, such as 2s",
			"应答前等待，例如 2s",
		},
		"sandbox.error-rate": {
			"share of requests answered 503, 0 to 1",
			"返回 503 的比例，0 到 1",
		},
		"sandbox.timeout-rate": {
			"share of requests done whose answer never comes, 0 to 1",
			"已处理但不应答的比例，0 到 1",
		},
		"sandbox.unknown-code": {
			"answer with a code nobody knows",
			"用未知代码应答",
		},
		"sandbox.late-success": {
			"let closed and expired orders still be paid",
			"已关闭或过期的订单仍可付款",
		},
		"sandbox.callbacks": {
			"normal, lost, late, duplicate, replayed, forged, stale, wrong_amount, wrong_currency, wrong_account, unknown_code, declined or reordered",
			"normal、lost、late、duplicate、replayed、forged、stale、wrong_amount、wrong_currency、wrong_account、unknown_code、declined 或 reordered",
		},
		"sandbox.do": {
			"how every operation behaves; paymux sandbox cards lists the names",
			"每笔操作的行为；名称见 paymux sandbox cards",
		},
		"sandbox.for": {
			"switch everything off again after this long, such as 30s",
			"到时自动全部关闭，例如 30s",
		},
		"sandbox.long": {
			`Plays the payer and the institutions of the sandbox: that of the deployment, or, with
PAYMUX_SANDBOX_URL and PAYMUX_SANDBOX_TOKEN, one that runs by itself (paymux sandbox serve).`,
			`扮演付款人和沙箱支付机构：默认是当前部署内置的沙箱；设置 PAYMUX_SANDBOX_URL 和
PAYMUX_SANDBOX_TOKEN 后，则是独立运行的沙箱（paymux sandbox serve）。`,
		},
		"sandbox.outage": {
			"Make a sandbox that runs by itself refuse connections for a while",
			"让独立运行的沙箱在一段时间内拒绝连接",
		},
		"sandbox.out": {
			"Connections are refused for %s.",
			"连接将被拒绝 %s。",
		},
		"no-bank-token": {
			"PAYMUX_SANDBOX_URL is set and PAYMUX_SANDBOX_TOKEN, its operators' token, is not",
			"已设置 PAYMUX_SANDBOX_URL，但缺少其运营令牌 PAYMUX_SANDBOX_TOKEN",
		},
		"script.short": {
			"Give an account a script of misbehaviour, or show it",
			"为账户设定异常行为脚本，或查看脚本",
		},
		"script.long": {
			`Reads an account's script, YAML or JSON ("-" is standard input):

  account: sandbox_card
  script:
    - {match: {kind: pay}, do: timeout_after_success}
    - {do: decline, code: insufficient_funds}

Each operation takes the first step left that fits it. Queries take steps that match kind: query.`,
			`读取账户的脚本，YAML 或 JSON 均可（"-" 表示标准输入）：

  account: sandbox_card
  script:
    - {match: {kind: pay}, do: timeout_after_success}
    - {do: decline, code: insufficient_funds}

每笔操作取用第一个匹配且未用完的步骤。查询只取用写明 kind: query 的步骤。`,
		},
		"script.account": {
			"the account, where the file names none or another",
			"账户名；文件未写明或要改用其他账户时指定",
		},
		"script.reset": {
			"forget what is left of the script",
			"清除剩余的脚本",
		},
		"script.none": {
			"%s has no script",
			"%s 没有脚本",
		},
		"sandbox.works": {
			"works",
			"正常",
		},
	}
}
