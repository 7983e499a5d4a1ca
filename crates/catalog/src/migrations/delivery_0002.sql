-- Projections have a file of their own.
DROP TABLE projections;
