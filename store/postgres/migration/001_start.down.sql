DROP TABLE revision, links, endpoints, api_keys, merchants, hops, buried, tasks, events,
    idempotency, disputes, refunds, operations, payments;
