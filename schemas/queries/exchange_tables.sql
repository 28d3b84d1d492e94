-- Let two tables change places at once.
EXCHANGE TABLES {one:Identifier} AND {other:Identifier}
