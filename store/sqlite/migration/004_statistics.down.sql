DROP TABLE statistics;
DROP TABLE facts;
