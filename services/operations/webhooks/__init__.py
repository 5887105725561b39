"""Webhooks: public events sent to the machines of others, signed, in order per key, tried again, parked after n."""
