-- SPDX-License-Identifier: Apache-2.0
-- Orders to activate a service in the network, written when an answer finds a line complete but not provisioned. The
-- operator's provisioning takes them through the administrative interface; one open order per line and service.

CREATE TABLE activation_order (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    imsi         text COLLATE "C" NOT NULL REFERENCES subscriber ON DELETE CASCADE,
    service      text COLLATE "C" NOT NULL CHECK (service ~ '^[a-z0-9][a-z0-9-]{0,30}$'),
    requested_at timestamptz NOT NULL DEFAULT now(),
    done_at      timestamptz
);
CREATE UNIQUE INDEX activation_order_open ON activation_order (imsi, service) WHERE done_at IS NULL;
CREATE INDEX activation_order_waiting ON activation_order (id) WHERE done_at IS NULL;
COMMENT ON TABLE activation_order IS 'Services to be activated in the network, for the provisioning system.';
COMMENT ON COLUMN activation_order.id IS 'handle for "done"';
COMMENT ON COLUMN activation_order.imsi IS 'subscriber';
COMMENT ON COLUMN activation_order.service IS 'volte, vonr, vowifi, smsoip ...';
COMMENT ON COLUMN activation_order.requested_at IS 'first request of a device that needed it';
COMMENT ON COLUMN activation_order.done_at IS 'told by the provisioning system; NULL: open';

-- However a line gets provisioned, its open order is thereby done.
CREATE FUNCTION close_activation_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE activation_order SET done_at = now() WHERE imsi = NEW.imsi AND service = NEW.service AND done_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER line_service_provisioned AFTER INSERT OR UPDATE OF prov_status ON line_service FOR EACH ROW
    WHEN (NEW.prov_status IN (1, 2)) EXECUTE FUNCTION close_activation_order();
