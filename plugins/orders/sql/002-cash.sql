-- Who confirms the money of an order: whoever hands the goods over (cash on delivery and other gateways of its kind), or the gateway. Frozen
-- with the order, so that a gateway may go while its orders are on their way. The default is for rows written before this file: all were cash.
ALTER TABLE orders_order ADD COLUMN is_cash boolean NOT NULL DEFAULT true;
