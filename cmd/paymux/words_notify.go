package main

// notificationWords are what merchants' developers read: endpoints, notifications, events.
func notificationWords() map[string][2]string {
	return map[string][2]string{
		"webhooks.short": {
			"Endpoints, what became of notifications, and tools",
			"通知接收端、投递记录与工具",
		},
		"webhooks.list": {
			"List the merchant's endpoints",
			"列出商户的通知接收端",
		},
		"webhooks.verify": {
			"Say whether a delivery verifies and, if not, exactly why",
			"验证一次投递的签名，不通过时说明确切原因",
		},
		"webhooks.long": {
			`Verifies a delivery as a receiver would (Standard Webhooks) and names the cause when it
does not verify: wrong secret, an old secret, a body that was parsed and written again, a
changed header, a clock that is off. For an endpoint that signs with Ed25519 the secret is its
public key. Secrets may be given as file:PATH or env:NAME.`,
			`按接收端的方式验证一次投递（Standard Webhooks），不通过时指出原因：密钥错误、旧密钥、
正文被解析后重新序列化、请求头被改、时钟偏差。使用 Ed25519 签名的接收端填公钥。密钥可用 file:路径 或 env:变量名 给出。`,
		},
		"webhooks.secret": {
			"the endpoint's signing secret (whsec_…) or public key (whpk_…), file:PATH or env:NAME",
			"接收端的签名密钥（whsec_…）或公钥（whpk_…），或 file:路径、env:变量名",
		},
		"webhooks.old-secret": {
			"secrets or public keys the endpoint had before",
			"接收端以前的密钥或公钥",
		},
		"webhooks.headers": {
			"file with the request's headers, one a line",
			"保存请求头的文件，每行一个",
		},
		"webhooks.at": {
			"when it was received, RFC 3339; empty: now",
			"收到的时间（RFC 3339）；留空为现在",
		},
		"webhooks.needs": {
			"--secret and --headers are needed",
			"需要 --secret 和 --headers",
		},
		"webhooks.valid": {
			"The signature is valid.",
			"签名有效。",
		},
		"webhooks.create": {
			"Register an endpoint",
			"注册接收端",
		},
		"webhooks.update": {
			"Change an endpoint: what is given changes, --reset puts back to the default",
			"修改接收端：只改给出的项，--reset 恢复默认",
		},
		"webhooks.delete": {
			"Delete an endpoint for good",
			"永久删除接收端",
		},
		"webhooks.rotate": {
			"Make a new signing secret; the old ones sign on for a while",
			"更换签名密钥；旧密钥在一段时间内继续签名",
		},
		"webhooks.expire": {
			"how long the old secrets go on signing, such as 24h; 0: they end at once (default 24h)",
			"旧密钥继续签名的时长，例如 24h；0 表示立即失效（默认 24h）",
		},
		"webhooks.test": {
			"Send a test event and say what became of it",
			"发送测试事件并报告结果",
		},
		"webhooks.untried": {
			"%s was not attempted within %s; it is still queued",
			"%s 在 %s 内没有投递；仍在队列中",
		},
		"webhooks.notifications": {
			"List what became of events on their way to an endpoint",
			"列出事件投递到某接收端的情况",
		},
		"webhooks.attempts": {
			"List the attempts to deliver an event",
			"列出投递某事件的每次尝试",
		},
		"webhooks.full": {
			"show the headers and the beginning of the answer, too",
			"同时显示请求头、应答头和应答的开头部分",
		},
		"webhooks.endpoint": {
			"this endpoint only",
			"只看（或只发往）这个接收端",
		},
		"webhooks.resend": {
			"Send an event again: to one endpoint, or to all that want it",
			"重新发送某事件：发往一个或所有订阅的接收端",
		},
		"webhooks.resent": {
			"%s goes to %s once more",
			"%s 将再次发往 %s",
		},
		"webhooks.resent-nowhere": {
			"no enabled endpoint wants %s",
			"没有启用的接收端订阅 %s",
		},
		"webhooks.replay": {
			"Send the events of a time range again; show or cancel a replay",
			"重新发送一段时间内的事件；查看或取消重放",
		},
		"webhooks.replay-long": {
			`Sends the events of a time range to an endpoint once more, through the ordinary queue. It
says first how many there are and asks. Times are RFC 3339, a date (UTC), or how long ago,
such as 2h. With a replay's ID it shows how far that has come.`,
			`把一段时间内的事件通过正常队列重新发往接收端。会先显示数量并请求确认。时间可写 RFC 3339、
日期（UTC），或多久以前（例如 2h）。给出重放编号时显示其进度。`,
		},
		"webhooks.from": {
			"events of this time and later",
			"从此时间起（含）",
		},
		"webhooks.to": {
			"events before this time; empty: now",
			"到此时间止（不含）；留空为现在",
		},
		"webhooks.only": {
			"undelivered: what the endpoint never accepted; all: everything",
			"undelivered：接收端从未接受的；all：全部",
		},
		"webhooks.count": {
			"say how many there are, and send nothing",
			"只显示数量，不发送",
		},
		"webhooks.yes": {
			"do not ask",
			"不询问",
		},
		"webhooks.cancel": {
			"end this replay where it is",
			"在当前进度终止该重放",
		},
		"webhooks.counted": {
			"%d events fit",
			"符合条件的事件：%d 个",
		},
		"webhooks.confirm": {
			"%d events go to %s once more. Send them? [y/N] ",
			"%d 个事件将再次发往 %s。确认发送？[y/N] ",
		},
		"webhooks.needs-yes": {
			"nobody can be asked here: add --yes, or --count to see how many there are",
			"此处无法询问：请加 --yes，或用 --count 查看数量",
		},
		"webhooks.needs-from": {
			"--from is needed, such as --from 2h or --from 2026-11-20",
			"需要 --from，例如 --from 2h 或 --from 2026-11-20",
		},
		"webhooks.not-sent": {
			"Nothing was sent.",
			"没有发送。",
		},
		"webhooks.failing": {
			"failing since %s",
			"自 %s 起一直失败",
		},
		"webhooks.own-url": {
			"each payment's notify_url",
			"每笔支付的 notify_url",
		},
		"webhooks.url": {
			"where notifications go; https in live mode",
			"通知发往的地址；正式环境须为 https",
		},
		"webhooks.per-payment": {
			"no URL of its own: for the notify_url of payments",
			"没有自己的地址：用于各笔支付的 notify_url",
		},
		"webhooks.signature": {
			"hmac-sha256 (a shared secret) or ed25519 (a public key)",
			"hmac-sha256（共享密钥）或 ed25519（公钥）",
		},
		"webhooks.description": {
			"a name to know it by",
			"便于辨认的名称",
		},
		"webhooks.events": {
			"event types to send; empty: all",
			"要发送的事件类型；留空则全部",
		},
		"webhooks.replay-events": {
			"event types to send; empty: those the endpoint subscribes to, or all but endpoint.*",
			"要发送的事件类型；留空则为该端点订阅的类型，或除 endpoint.* 外的全部类型",
		},
		"webhooks.status": {
			"enabled, disabled, or pull: nothing is sent, and you read the events",
			"enabled、disabled 或 pull（不发送，由你读取事件）",
		},
		"webhooks.reset": {
			"put back to the default, such as events, delivery or delivery.order",
			"恢复默认，例如 events、delivery 或 delivery.order",
		},
		"webhooks.retry": {
			"waits before the 2nd, 3rd, … attempt, such as 5s,5m,30m,2h",
			"第 2、3、… 次尝试前的等待，例如 5s,5m,30m,2h",
		},
		"webhooks.jitter": {
			"by how many percent a wait may differ, 1 to 50",
			"等待时间的浮动百分比，1 到 50",
		},
		"webhooks.timeout": {
			"of one attempt, 1s to 30s",
			"单次尝试的超时，1s 到 30s",
		},
		"webhooks.window": {
			"attempts under way at a time, 1 to 64",
			"同时进行的尝试数，1 到 64",
		},
		"webhooks.rate": {
			"attempts a second, 1 to 1000",
			"每秒尝试数，1 到 1000",
		},
		"webhooks.order": {
			"object: each object's in sequence; latest: superseded ones are not sent",
			"object：同一对象按顺序；latest：被更新取代的不再发送",
		},
		"webhooks.exhausted": {
			"after the last attempt: dead_letter, slow_probe, pull or disable",
			"最后一次尝试失败后：dead_letter、slow_probe、pull 或 disable",
		},
		"webhooks.probe-every": {
			"between the attempts of slow_probe, 1m to 24h",
			"slow_probe 的尝试间隔，1m 到 24h",
		},
		"webhooks.alert-after": {
			"tell the other endpoints when everything has failed for so long",
			"持续失败多久后告知其他接收端",
		},
		"webhooks.disable-after": {
			"disable the endpoint when everything has failed for so long; never: never",
			"持续失败多久后停用接收端；never 表示永不",
		},
		"webhooks.public-key": {
			"public key",
			"公钥",
		},
		"notifications.status": {
			"pending, delivered, dead or dropped",
			"pending、delivered、dead 或 dropped",
		},
		"notifications.event": {
			"of this event",
			"只看该事件",
		},
		"list.limit": {
			"show at most so many",
			"最多显示条数",
		},
		"events.short": {
			"List, pull and follow what happened",
			"列出、拉取、跟踪发生的事件",
		},
		"events.list": {
			"List events, newest first",
			"列出事件，最新的在前",
		},
		"events.show": {
			"Print an event as its notification carries it",
			"按通知内容打印某事件",
		},
		"events.pull": {
			"Read events in the order in which they were committed, and say where to go on",
			"按提交顺序读取事件，并给出下次的起点",
		},
		"events.tail": {
			"Print events as they happen",
			"实时打印事件",
		},
		"events.after": {
			"the last event you have; empty: from the oldest that is kept",
			"你已有的最后一个事件；留空则从最早保留的开始",
		},
		"events.tail-after": {
			"the last event you have; empty: from now on",
			"你已有的最后一个事件；留空则从现在开始",
		},
		"events.kept": {
			"begin with the oldest event that is kept",
			"从最早保留的事件开始",
		},
		"events.type": {
			"of this type; empty: all",
			"只看此类型；留空则全部",
		},
		"events.object": {
			"about this payment, refund, dispute or endpoint",
			"只看与该支付、退款、争议或接收端有关的",
		},
		"events.next": {
			"go on with: paymux events pull --after %s",
			"继续读取：paymux events pull --after %s",
		},
		"events.nothing-new": {
			"nothing new yet",
			"暂无新事件",
		},
		"events.again": {
			"the stream broke off (%s); connecting again",
			"事件流中断（%s）；正在重新连接",
		},
	}
}
